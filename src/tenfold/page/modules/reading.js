// What the models of the page say about a drawing.

import { findDigits, inkOf, readingOrder } from "./components.js";
import { digitImage, seenAs } from "./digit_image.js";

export const UNSURE = "?";
const REJECT_CLASS = "no digit";

/** The digits of a drawing in reading order, and their place in its lines and numbers. */
export function readDrawing(raster) {
  const lines = readingOrder(findDigits(inkOf(raster.context)));
  const digits = lines.flat(2);
  for (const digit of digits) {
    digit.image = digitImage(digit.ink);
    digit.area = digit.box.map((side, i) => side / raster.scale + (i % 2 ? raster.top : raster.left));
  }
  return { digits, lines };
}

/** A model's answer for an image: probabilities by falling probability, and whether it is accepted. */
export function classify({ network, view }, image) {
  const { class_names: names, threshold } = network.card, probabilities = network.run(seenAs(image, view));
  const ranked = names.map((label, i) => ({ label, index: i, probability: probabilities[i] })).sort((a, b) => b.probability - a.probability);
  const [{ label, probability }] = ranked, rejected = label === REJECT_CLASS;
  const accepted = !rejected && probability >= (threshold?.value ?? 0);
  return { ranked, label, probability, rejected, accepted, text: accepted ? label : UNSURE };
}

/** The number in a drawing as text, from an answer for each digit. */
export const numberText = (lines, answerOf) =>
  lines.map((line) => line.map((number) => number.map((digit) => answerOf(digit).text).join("")).join(" ")).join("\n");
