// A model's answer: the text, the image that it saw, its confidence and its bars.

import { find, make, paint, percent } from "./dom.js";
import { UNSURE } from "./reading.js";

const TOP = 3;

export function confidenceText(answer) {
  if (!answer) return "Nothing yet.";
  if (answer.rejected) return "I don’t know. It does not look like a digit.";
  const confidence = percent(answer.probability).replace("> ", "over ").replace("< ", "under ");
  return answer.accepted ? `${answer.label}, confidence ${confidence}.` : `I don’t know. Most probable: ${answer.label}, ${confidence}.`;
}

function bar({ label, probability }, best) {
  const track = make("span", { className: "track" });
  track.style.setProperty("--probability", probability);
  return make("li", { className: best ? "best" : "" }, make("span", { className: "name" }, label), track, make("span", { className: "value" }, percent(probability)));
}

/** The accuracy of a model with its interval, or "". */
export function scoreText({ scores, seeds }) {
  const split = ["test", "validation"].find((name) => scores?.[name]?.accuracy), score = scores?.[split]?.accuracy;
  if (!score) return "";
  const [value, low, high] = [score.value, score.low, score.high].map((share) => (100 * share).toFixed(2));
  const networks = seeds?.length > 1 ? `, committee of ${seeds.length} networks` : "";
  return `${value} % (${low} to ${high}) of ${score.n.toLocaleString("en")} ${split} images${networks}`;
}

export class AnswerCard {
  constructor({ name, network }, index) {
    const id = `answer-${index}`;
    this.reading = make("p", { className: "reading" });
    this.canvas = make("canvas", { width: 28, height: 28, className: "pixels", role: "img", "aria-label": "The image that the network sees, 28 by 28 pixels" });
    this.confidence = make("p", { className: "confidence" });
    this.top = make("ol", { className: "bars top", "aria-label": "Most probable classes" });
    this.all = make("ol", { className: "bars", "aria-label": "All classes" });
    const seen = make("figure", { className: "seen" }, this.canvas, make("figcaption", { className: "muted small" }, "28 × 28, as seen"));
    find("answers").append(make("section", { className: "answer", "aria-labelledby": id },
      make("h2", { id }, `Model ${name}`),
      make("p", { className: "muted small score" }, scoreText(network.card)),
      make("div", { className: "result" }, this.reading, seen),
      this.confidence, this.top,
      make("details", {}, make("summary", {}, `All ${network.card.class_names.length} classes`), this.all)));
  }

  /** Show an answer to an image, or nothing without one; the text is that of the whole number. */
  show(answer, image, text) {
    this.reading.textContent = text;
    this.reading.classList.toggle("unsure", text.includes(UNSURE));
    this.reading.style.setProperty("--letters", Math.max(...text.split("\n").map((line) => line.length)));
    this.reading.style.setProperty("--lines", text.split("\n").length);
    this.confidence.textContent = confidenceText(answer);
    paint(this.canvas, image ?? new Uint8Array(28 * 28));
    const ranked = answer?.ranked ?? [], byClass = [...ranked].sort((a, b) => a.index - b.index);
    this.top.replaceChildren(...ranked.slice(0, TOP).map((entry, i) => bar(entry, i === 0)));
    this.all.replaceChildren(...byClass.map((entry) => bar(entry, entry === ranked[0])));
  }
}
