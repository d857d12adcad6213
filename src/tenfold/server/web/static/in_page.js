// A drawing is read in the page while it changes, without a request.

import { get } from "./api.js";
import { make, paint } from "./dom.js";
import { Network } from "./network.js";
import { classify, numberText, readDrawing } from "./reading.js";

const MAX_ASPECT = 1.1; // width by height of a digit; wider ones may be several that touch
const MAX_DIGITS = 4; // while the pen is down

/** Load the served model into the page; null if the page cannot compute it. */
export async function loadNetwork() {
  const given = await get("/page/model");
  return given?.nodes ? { network: new Network(given), view: given.view } : null;
}

/**
 * Read a drawing as /v1/read describes it; null for a photo, or for more digits than the pen waits for.
 * It is final for one clear digit; the service reads better what is doubtful, and several digits.
 */
export function readInPage(model, area) {
  const raster = area.photo ? null : area.raster();
  if (!raster) return null;
  const { digits: found, lines } = readDrawing(raster);
  if (area.drawing && found.length > MAX_DIGITS) return null;
  const answers = new Map(found.map((digit) => [digit, classify(model, digit.image)]));
  const isDigit = (one) => !answers.get(one).rejected;
  const describe = (one) => {
    const { label, probability, accepted, ranked } = answers.get(one);
    return { label: isDigit(one) ? label : null, confidence: probability, accepted, top: ranked, box: one.box, image: base64Of(one.image) };
  };
  const kept = lines.map((line) => line.map((number) => number.filter(isDigit)).filter(({ length }) => length)).filter(({ length }) => length);
  const [digits, others] = [found.filter(isDigit), found.filter((one) => !isDigit(one))].map((list) => list.map(describe));
  const isClear = found.length === 1 && answers.get(found[0]).accepted && found[0].ink.width <= MAX_ASPECT * found[0].ink.height;
  const size = [raster.context.canvas.width, raster.context.canvas.height];
  return { raster, final: isClear, response: { digits, others, text: numberText(kept, (one) => answers.get(one)), size, turned: 0 } };
}

/** An image as PNG in base64. */
function base64Of(image) {
  const canvas = make("canvas", { width: 28, height: 28 });
  paint(canvas, image);
  return canvas.toDataURL().split(",")[1];
}
