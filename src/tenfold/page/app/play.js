// The section Play: knobs that change the image, and where the answer flips.

import { confidenceText } from "./answer_card.js";
import { changed, covered, KNOBS } from "./changes.js";
import { announce, find, make, paint } from "./dom.js";
import { classify } from "./reading.js";
import { decisiveSpots, smallChange, sweep } from "./search.js";

const COVER = 6; // pixels of the side of a covered square
const SEARCHING = "Searching…";

export class Play {
  #values = {};
  #searches = 0; // of which only the latest goes on
  #sweeps = 0; // of which only the latest goes on
  #image = null; // before the knobs
  #shown = null; // after them
  #found = null; // an image that a search found, until something changes

  constructor(models, update) {
    this.ask = (image) => classify(models[0], image);
    this.update = update;
    this.rows = new Map(Object.entries(KNOBS).map(([name, knob]) => [name, this.#buildKnob(name, knob)]));
    find("knobs").append(...[...this.rows.values()].map(({ element }) => element));
    find("reset").addEventListener("click", () => { this.reset(); this.#changed(); });
    find("fool").addEventListener("click", () => this.#fool());
    find("spots").addEventListener("click", () => this.#showSpots());
    const stage = find("stage");
    stage.addEventListener("pointermove", (event) => this.#cover(event));
    stage.addEventListener("pointerdown", (event) => this.#cover(event));
    stage.addEventListener("pointerleave", () => this.#showStage(this.#shown));
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.visible = isIntersecting;
      if (isIntersecting) this.#sweepLater();
    }).observe(find("play"));
  }

  /** The knobs that are turned. */
  get changes() { return this.#values; }

  /** Turn knobs to values; the others change nothing. */
  set(values) {
    this.#values = {};
    for (const [name, { none }] of Object.entries(KNOBS)) {
      const value = values[name] ?? none;
      if (value !== none) this.#values[name] = value;
    }
    this.#showKnobs();
  }

  reset() { this.set({}); }

  /** The image as the knobs change it, or as the search found it. */
  apply(image) {
    if (this.#found?.from === image) return this.#found.image;
    return Object.keys(this.#values).length ? changed(image, this.#values) : image;
  }

  /** Show the image that is judged; `image` is that before the knobs. */
  show(image, shown, answers) {
    if (image !== this.#image || shown !== this.#shown) this.#stopSearch();
    if (image !== this.#image) {
      this.#found = null;
      find("play-result").textContent = "";
    }
    this.#image = image ?? null;
    this.#shown = shown ?? null;
    this.#showStage(this.#shown, answers?.[0]);
    for (const name of ["fool", "spots"]) find(name).disabled = !image;
    this.#sweepLater();
  }

  #buildKnob(name, { label, min, max, step, none }) {
    const input = make("input", { type: "range", id: `knob-${name}`, min, max, step, value: none });
    const output = make("output", { for: input.id }), strip = make("div", { className: "strip", "aria-hidden": "true" });
    const flips = make("p", { className: "flips muted small" });
    input.addEventListener("input", () => {
      const values = { ...this.#values, [name]: input.valueAsNumber };
      this.set(values);
      this.#changed();
    });
    const element = make("div", { className: "knob" }, make("label", { for: input.id }, label), input, output, strip, flips);
    return { element, input, output, strip, flips };
  }

  #showKnobs() {
    for (const [name, { input, output }] of this.rows) {
      input.value = this.#values[name] ?? KNOBS[name].none;
      output.textContent = KNOBS[name].text(input.valueAsNumber);
      input.setAttribute("aria-valuetext", output.textContent);
    }
  }

  #changed() {
    this.#found = null;
    find("play-result").textContent = "";
    this.update();
    document.dispatchEvent(new Event("knobs"));
  }

  #showStage(image, answer = image && this.ask(image)) {
    paint(find("stage"), image ?? new Uint8Array(28 * 28));
    find("stage-answer").textContent = image ? confidenceText(answer) : "Draw a digit first.";
  }

  #cover(event) {
    if (!this.#shown) return;
    const { left, top, width, height } = find("stage").getBoundingClientRect();
    const [column, row] = [Math.floor(((event.clientX - left) / width) * 28), Math.floor(((event.clientY - top) / height) * 28)];
    this.#showStage(covered(this.#shown, column, row, COVER));
  }

  // Where the answer flips

  /** Ask again at all settings of all knobs, once nothing has changed for a while. */
  #sweepLater() {
    clearTimeout(this.timer);
    this.#sweeps++;
    if (this.visible) this.timer = setTimeout(() => this.#sweepAll(), 150);
  }

  async #sweepAll() {
    const own = ++this.#sweeps, image = this.#image, values = this.#values;
    if (!image) {
      for (const { strip, flips } of this.rows.values()) {
        strip.replaceChildren();
        flips.textContent = "";
      }
      return;
    }
    for (const [name, { min, max, step, text }] of Object.entries(KNOBS)) {
      const settings = Array.from({ length: Math.round((max - min) / step) + 1 }, (_, i) => min + i * step);
      const ask = (value) => this.ask(changed(image, { ...values, [name]: value }));
      const answers = await sweep(settings, ask, () => own !== this.#sweeps);
      if (!answers) return;
      this.#showSweep(name, settings, answers, text);
    }
  }

  #showSweep(name, settings, answers, text) {
    const { strip, flips, input } = this.rows.get(name);
    const now = settings.indexOf(settings.reduce((best, value) => (Math.abs(value - input.valueAsNumber) < Math.abs(best - input.valueAsNumber) ? value : best)));
    const current = answers[now].text;
    strip.replaceChildren(...answers.map((answer, i) => {
      const isNew = i === 0 || answers[i - 1].text !== answer.text;
      return make("span", { className: `${answer.text === current ? "same" : ""} ${answer.accepted ? "" : "unsure"}` }, isNew ? answer.text : "");
    }));
    let [low, high] = [now, now];
    while (low > 0 && answers[low - 1].text === current) low--;
    while (high < answers.length - 1 && answers[high + 1].text === current) high++;
    const outside = [[low - 1, low], [high + 1, high]].filter(([i]) => answers[i]).map(([i]) => `${answers[i].text} at ${text(settings[i])}`);
    flips.textContent = outside.length ? `It reads ${current} from ${text(settings[low])} to ${text(settings[high])}, then ${outside.join(" and ")}.` : `It reads ${current} everywhere.`;
  }

  // Searches

  #stopSearch() {
    this.#searches++;
    if (find("play-result").textContent === SEARCHING) find("play-result").textContent = "";
  }

  async #search(action) {
    const search = ++this.#searches;
    find("play-result").textContent = SEARCHING;
    const text = await action(() => search !== this.#searches);
    if (text === null) return;
    find("play-result").textContent = text;
    announce(text, 100);
  }

  #fool() {
    return this.#search(async (stopped) => {
      const from = this.#image, before = this.ask(this.#shown);
      const found = await smallChange(this.#shown, this.ask, stopped);
      if (stopped()) return null;
      if (!found) return "No small change was found: 150 pixels do not change the answer.";
      this.#found = { from, image: found.image };
      this.update();
      const n = found.pixels.length;
      return `${n === 1 ? "One changed pixel makes" : `${n} changed pixels make`} it look more like a ${found.answer.label} than a ${before.label}: a small change, not proven to be the smallest. Reset takes it back.`;
    });
  }

  #showSpots() {
    return this.#search(async (stopped) => {
      const image = this.#shown, before = this.ask(image);
      const spots = await decisiveSpots(image, this.ask, COVER, stopped);
      if (!spots) return null;
      if (!spots.length) return `Cover any spot of ${COVER} × ${COVER} pixels: it stays ${before.text}.`;
      const context = find("stage").getContext("2d");
      context.fillStyle = "rgb(240 138 75 / 45%)";
      for (const { column, row } of spots) context.fillRect(column - 1, row - 1, 2, 2);
      const others = [...new Set(spots.map(({ answer }) => answer.text))].join(", ");
      return `Cover an orange spot and it is no longer ${before.text}, but ${others}.`;
    });
  }
}
