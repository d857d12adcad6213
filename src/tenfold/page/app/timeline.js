// The answer while the drawing grew: a chart of the top classes along its points, and a slider through them.

import { find, make, paint, percent } from "./dom.js";
import { cropped, inkBox } from "./bitmap.js";
import { inkOf } from "./components.js";
import { digitImage } from "./digit_image.js";
import { classify } from "./reading.js";
import { inSlices } from "./search.js";

const MOMENTS = 30, CLASSES = 3, AFTER = 200; // milliseconds without a change
const WIDTH = 100, HEIGHT = 30;

export class Timeline {
  #computed = 0; // of which only the latest goes on
  #image = null;
  moments = [];

  constructor(model, area, change) {
    Object.assign(this, { area, change, ask: (image) => classify(model, image), slider: find("moment") });
    find("timeline-title").textContent = `${model.name}’s answer while you drew`;
    this.slider.addEventListener("input", () => this.#showMoment(this.slider.valueAsNumber));
  }

  /** Follow the digit that is shown; `image` and `answer` are those of the whole digit. */
  show(digit, image, answer) {
    if (image === this.#image) return;
    this.#image = image;
    const own = ++this.#computed;
    clearTimeout(this.timer);
    if (image) this.timer = setTimeout(() => this.#compute(digit, image, answer, () => own !== this.#computed), AFTER);
    else this.#finish([]);
  }

  async #compute({ area: box }, image, answer, stopped) {
    const strokes = this.area.layers.filter(({ points }) => points && inside(points, box));
    const total = strokes.reduce((sum, { points }) => sum + points.length, 0), moments = [];
    const n = Math.min(MOMENTS, total - 1);
    const ends = Array.from({ length: Math.max(0, n) }, (_, i) => 1 + Math.floor((i * (total - 1)) / n));
    const done = await inSlices(ends, (end) => {
      const part = this.#imageAfter(strokes, end);
      if (part) moments.push({ end, total, image: part, answer: this.ask(part) });
    }, stopped);
    if (done) this.#finish([...moments, { end: total, total, image, answer }]);
  }

  #imageAfter(strokes, end) {
    const layers = strokes.map((stroke) => {
      const points = stroke.points.slice(0, Math.max(0, end));
      end -= stroke.points.length;
      return { ...stroke, points };
    }).filter(({ points }) => points.length);
    const ink = inkOf(this.area.raster(layers).context), box = inkBox(ink);
    return box && this.change(digitImage(cropped(ink, box)));
  }

  #finish(moments) {
    this.moments = moments;
    this.slider.disabled = moments.length < 2;
    this.slider.max = Math.max(1, moments.length - 1);
    this.slider.value = this.slider.max;
    this.#draw();
    this.#showMoment(moments.length - 1);
  }

  #draw() {
    const { moments } = this, chart = find("timeline-chart");
    const best = new Map();
    for (const { answer } of moments) for (const { label, probability } of answer.ranked) best.set(label, Math.max(best.get(label) ?? 0, probability));
    const last = moments.at(-1)?.answer.label, others = [...best].filter(([label]) => label !== last).sort((a, b) => b[1] - a[1]);
    const shown = last ? [last, ...others.slice(0, CLASSES - 1).map(([label]) => label)] : [];
    const lines = shown.map((label, k) => line(label, k, moments));
    chart.replaceChildren(...lines, ...(moments.length ? [svg("line", { class: "now", y1: 0, y2: HEIGHT })] : []));
    find("timeline-classes").replaceChildren(...shown.map((label, k) => make("span", { className: `line-${k}` }, label)));
    const changes = moments.filter(({ answer }, i) => i === 0 || moments[i - 1].answer.text !== answer.text);
    const text = changes.map(({ answer, end, total }, i) => (i ? `${answer.text} from ${Math.round((100 * end) / total)} %` : answer.text)).join(", ");
    chart.setAttribute("aria-label", moments.length ? `Answer while the drawing grew: ${text}` : "No drawing");
  }

  #showMoment(index) {
    const moment = this.moments[index], canvas = find("moment-image");
    paint(canvas, moment?.image ?? new Uint8Array(28 * 28));
    const text = moment ? `${Math.round((100 * moment.end) / moment.total)} % drawn: ${moment.answer.text === "?" ? "? " : ""}${moment.answer.label}, ${percent(moment.answer.probability)}` : "";
    find("moment-says").textContent = text;
    this.slider.setAttribute("aria-valuetext", text || "no drawing");
    const now = find("timeline-chart").querySelector(".now");
    for (const side of ["x1", "x2"]) now?.setAttribute(side, (WIDTH * index) / Math.max(1, this.moments.length - 1));
  }
}

/** Whether the middle of a stroke is inside a box. */
function inside(points, [left, top, right, bottom]) {
  const middle = (axis) => (Math.min(...points.map((point) => point[axis])) + Math.max(...points.map((point) => point[axis]))) / 2;
  return middle(0) >= left && middle(0) <= right && middle(1) >= top && middle(1) <= bottom;
}

function line(label, k, moments) {
  const at = ({ answer }, i) => `${(WIDTH * i) / Math.max(1, moments.length - 1)},${HEIGHT - HEIGHT * answer.ranked.find((entry) => entry.label === label).probability}`;
  return svg("polyline", { class: `line-${k}`, points: moments.map(at).join(" ") });
}

function svg(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
