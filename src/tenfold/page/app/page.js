// The page: its drawing area, answers, and the sections that look inside and play.

import { AnswerCard, confidenceText, scoreText } from "./answer_card.js";
import { announce, button, find, make, paint, showError } from "./dom.js";
import { DrawingArea } from "./drawing_area.js";
import { Demonstration, EXAMPLES } from "./examples.js";
import { Inside } from "./inside.js";
import { decodeState, encodeState, holdsState } from "./link.js";
import { ImageMap } from "./map.js";
import { Network } from "./network.js";
import { Play } from "./play.js";
import { classify, numberText, readDrawing } from "./reading.js";
import { startTheme, store } from "./theme_switch.js";
import { Timeline } from "./timeline.js";

const models = JSON.parse(find("models").textContent).map((model) => ({ name: model.name, view: model.view, map: model.map, network: new Network(model) }));
const area = new DrawingArea(find("drawing-area"), find("ink"), find("cursor"), (text) => { find("cursor-status").textContent = text; });
const demonstration = new Demonstration(area);
const cards = models.map((model, index) => new AnswerCard(model, index));
const inside = new Inside(models);
const map = new ImageMap(models);
const play = new Play(models, showSelected);
const timeline = new Timeline(models[0], area, (image) => play.apply(image));
let reading = { digits: [], lines: [] };
let selected = 0, frame = 0;

/** Read the drawing in the next frame, with all changes until then. */
function changed() {
  find("undo").disabled = !area.canUndo;
  find("redo").disabled = !area.canRedo;
  find("clear").disabled = area.empty;
  find("invitation").hidden = !area.empty;
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    read();
  });
}

function read() {
  const started = performance.now(), raster = area.raster(), before = reading.digits.length;
  reading = raster ? readDrawing(raster) : { digits: [], lines: [] };
  for (const digit of reading.digits) digit.answers = models.map((model) => classify(model, digit.image));
  if (reading.digits.length !== before) selected = Math.max(0, reading.digits.length - 1);
  showSelected();
  showDigits();
  document.documentElement.dataset.milliseconds = (performance.now() - started).toFixed(2);
  if (!area.drawing) settle();
}

const stateInAddress = () => `#${encodeState({ strokes: area.strokes, knobs: play.changes })}`;

/** Say the answer and keep the state in the address, once the pen is up. */
function settle() {
  if (!area.empty) showError();
  announce(reading.digits.length ? cards.map((card, i) => `${models.length > 1 ? `${models[i].name}: ` : ""}${card.confidence.textContent}`).join(" ") : "");
  history.replaceState(null, "", area.empty ? location.pathname : stateInAddress());
}

/** Show the selected digit as the knobs change it; all parts of the page show this one image. */
function showSelected() {
  const digit = reading.digits[selected], image = digit && play.apply(digit.image);
  const answers = image && (image === digit.image ? digit.answers : models.map((model) => classify(model, image)));
  cards.forEach((card, i) => {
    const answerOf = (one) => (one === digit ? answers[i] : one.answers[i]);
    card.show(answers?.[i], image, numberText(reading.lines, answerOf));
  });
  play.show(digit?.image, image, answers);
  inside.show(image, answers);
  map.show(image);
  timeline.show(digit, image, answers?.[0]);
}

function showDigits() {
  const list = find("digits"), focused = list.contains(document.activeElement);
  list.replaceChildren(...(reading.digits.length < 2 ? [] : reading.digits.map((digit, index) => {
    const canvas = make("canvas", { width: 28, height: 28, className: "pixels" });
    paint(canvas, digit.image);
    const [{ text, accepted }] = digit.answers;
    const choice = button("", () => select(index), { "aria-pressed": String(index === selected), "aria-label": `Digit ${index + 1}: ${accepted ? text : "unknown"}` });
    choice.append(canvas, make("span", { className: accepted ? "" : "unsure" }, text));
    return make("li", {}, choice);
  })));
  if (focused) list.children[selected]?.firstChild.focus();
  showBoxes();
}

function showBoxes() {
  find("boxes").replaceChildren(...(reading.digits.length < 2 ? [] : reading.digits.map(({ area: [left, top, right, bottom] }, index) => {
    const box = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const sides = { x: left - 6, y: top - 6, width: right - left + 12, height: bottom - top + 12, rx: 4 };
    for (const [name, value] of Object.entries(sides)) box.setAttribute(name, value);
    box.classList.toggle("selected", index === selected);
    return box;
  })));
}

function select(index) {
  selected = index;
  showSelected();
  showDigits();
  announce(confidenceText(reading.digits[index].answers[0]), 100);
}

function demonstrate(strokes) {
  play.reset();
  demonstration.show(strokes);
}

async function copyLink() {
  const label = find("link").firstElementChild;
  try {
    if (!area.empty) history.replaceState(null, "", stateInAddress()); // the address may be that of a section
    await navigator.clipboard.writeText(location.href);
    label.textContent = "Copied";
  } catch {
    label.textContent = "Copy the address above";
  }
  announce(label.textContent, 100);
  setTimeout(() => { label.textContent = "Copy link"; }, 2000);
}

function openState() {
  const text = location.hash.slice(1), state = decodeState(text);
  showError(!state && holdsState(text) ? "The link is damaged: no drawing can be read from it. Copy it again, as a whole." : "");
  if (!holdsState(text)) return false;
  demonstration.stop();
  if (!state) return true;
  play.set(state.knobs);
  area.strokes = state.strokes;
  return true;
}

function start() {
  startTheme(store("theme") ?? "");
  find("answers").classList.toggle("two", models.length > 1);
  find("about").textContent = models.map(({ name, network: { card } }) => `${name}: ${scoreText(card) || card.recipe}`).join("; ");
  area.addEventListener("change", changed);
  area.addEventListener("resize", changed);
  document.addEventListener("theme", () => area.redraw());
  for (const name of ["undo", "redo", "clear"]) find(name).addEventListener("click", () => { demonstration.stop(); area[name](); });
  const setPen = () => { area.pen = find("pen").valueAsNumber; };
  find("pen").addEventListener("input", setPen);
  setPen();
  find("link").addEventListener("click", copyLink);
  find("chips").append(...EXAMPLES.map(([name, strokes]) => button(name, () => demonstrate(strokes))));
  document.addEventListener("knobs", () => { if (!area.drawing) settle(); });
  addEventListener("hashchange", openState);
  if (!openState()) demonstration.greet();
  document.documentElement.dataset.ready = "";
}

start();
