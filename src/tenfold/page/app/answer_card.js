// A model's answer: the text, the image that it saw, its confidence and its bars.

import { bar, find, make, paint, percent, showReading } from "./dom.js";
import { paintEvidence } from "./heat.js";
import { classify } from "./reading.js";
import { evidence } from "./search.js";

const TOP = 3, WHY_AFTER = 120; // milliseconds without a change
const PLACES = ["upper left", "top", "upper right", "left", "centre", "right", "lower left", "bottom", "lower right"];

export function confidenceText(answer) {
  if (!answer) return "Nothing yet.";
  if (answer.rejected) return "I don’t know. It does not look like a digit.";
  const confidence = percent(answer.probability).replace("> ", "over ").replace("< ", "under ");
  return answer.accepted ? `${answer.label}, confidence ${confidence}.` : `I don’t know. Most probable: ${answer.label}, ${confidence}.`;
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
  #image = null;
  #asked = 0; // explanations, of which only the latest goes on

  constructor(model, index) {
    const { name, network } = model;
    this.ask = (image) => classify(model, image);
    const id = `answer-${index}`;
    this.reading = make("p", { className: "reading" });
    this.canvas = make("canvas", { width: 28, height: 28, className: "pixels", role: "img", "aria-label": "The image that the network sees, 28 by 28 pixels" });
    this.confidence = make("p", { className: "confidence" });
    this.top = make("ol", { className: "bars top", "aria-label": "Most probable classes" });
    this.all = make("ol", { className: "bars", "aria-label": "All classes" });
    const seen = make("figure", { className: "seen" }, this.canvas, make("figcaption", { className: "muted small" }, "28 × 28"));
    this.why = make("canvas", { width: 28, height: 28, className: "pixels", role: "img", "aria-label": "What speaks for the answer", title: "Without the orange parts the answer is less probable, without the blue ones more" });
    this.because = make("figcaption", { className: "muted small" }, "why");
    const why = make("figure", { className: "seen" }, this.why, this.because);
    find("answers").append(make("section", { className: "answer", "aria-labelledby": id },
      make("h2", { id }, `Model ${name}`),
      make("p", { className: "muted small score" }, scoreText(network.card)),
      make("div", { className: "result" }, this.reading, make("div", { className: "figures" }, seen, why)),
      this.confidence, this.top,
      make("details", {}, make("summary", {}, `All ${network.card.class_names.length} classes`), this.all)));
  }

  #explainLater(image) {
    this.#image = image;
    const own = ++this.#asked;
    clearTimeout(this.timer);
    paintEvidence(this.why, image ?? new Uint8Array(28 * 28), new Float32Array(28 * 28));
    this.because.textContent = "why";
    if (image) this.timer = setTimeout(() => this.#explain(image, () => own !== this.#asked), WHY_AFTER);
  }

  /** Show the parts of the image without which the answer is less probable. */
  async #explain(image, stopped) {
    const sums = await evidence(image, this.ask, stopped);
    if (!sums) return;
    paintEvidence(this.why, image, sums);
    const { label } = this.ask(image), most = sums.indexOf(Math.max(...sums)), third = (side) => Math.min(2, Math.floor(side / 9.34));
    this.because.textContent = `why ${label}`;
    this.why.setAttribute("aria-label", `Why ${label}: what speaks for it most is at the ${PLACES[3 * third(Math.floor(most / 28)) + third(most % 28)]}`);
  }

  /** Show an answer to an image, or nothing without one; the text is that of the whole number. */
  show(answer, image, text) {
    showReading(this.reading, text);
    this.confidence.textContent = confidenceText(answer);
    paint(this.canvas, image ?? new Uint8Array(28 * 28));
    if (image !== this.#image) this.#explainLater(image);
    const ranked = answer?.ranked ?? [], byClass = [...ranked].sort((a, b) => a.index - b.index);
    this.top.replaceChildren(...ranked.slice(0, TOP).map((entry, i) => bar(entry, i === 0)));
    this.all.replaceChildren(...byClass.map((entry) => bar(entry, entry === ranked[0])));
  }
}
