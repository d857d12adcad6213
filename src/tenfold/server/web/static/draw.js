// The view Draw: the drawing is read while it changes, and the prediction is shown.

import { REJECT_CLASS, post } from "./api.js";
import { digitAt, renderBoxes, renderDigits, UNSURE } from "./boxes.js";
import { announce, bar, button, find, percent, pngUrl, showError, showReading } from "./dom.js";
import { correct, forgetSaved, offer, showKeys } from "./correction.js";
import { DrawingArea } from "./drawing_area.js";
import { examplePhoto } from "./example_photo.js";
import { Demonstration, EXAMPLES } from "./examples.js";
import { explain } from "./explanation.js";
import { loadNetwork, readInPage } from "./in_page.js";
import { pictureInput } from "./picture_input.js";
import { store } from "./theme_switch.js";
import { classifyPicture } from "./whole_picture.js";

const TOP = 3; // classes that are shown
const RETRY_AFTER = 2000; // milliseconds, when the service is busy
const NOT_IN_TIME = "Not read in time: crop the picture or make it smaller.";
const EMPTY = { digits: [], others: [], text: "", empty: true };

const area = new DrawingArea(find("drawing-area"), find("ink"), find("cursor"),
  (text) => { find("cursor-status").textContent = text; });
const demonstration = new Demonstration(area);
let model = null; // as /v1/model describes it
let network = null; // the model in this page, which reads drawings without a request
let reading = EMPTY; // the latest response of /v1/read
let selected = 0;
let picture = null;
let photo = null; // in the drawing area
let request = null, abort = null, outdated = false, frame = 0;

const digits = () => (reading.digits.length ? reading.digits : reading.others);
const digit = () => digits()[selected];

// Reading

/** Read the drawing in the next frame, with all changes until then. */
function read() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    readNow();
  });
}

/** Read the drawing in the page; once the pen is up, what is not final by the service, the latest change after a request. */
function readNow() {
  const own = network && readInPage(network, area);
  if (own) {
    picture = own.raster;
    show(own.response);
  }
  outdated = !own?.final;
  if (outdated) {
    if (!network || !area.drawing) request ??= readLatest();
    return;
  }
  abort?.abort();
  find("prediction").setAttribute("aria-busy", "false");
  showError();
  settle();
}

async function readLatest() {
  find("prediction").setAttribute("aria-busy", "true");
  try {
    while (outdated && !(network && area.drawing)) {
      outdated = false;
      abort = new AbortController();
      const sent = await area.picture();
      const answer = sent ? await ask(sent.blob, abort.signal) : EMPTY;
      if (outdated && network) continue; // what the page reads itself is newer
      picture = sent;
      show(answer);
    }
    showError(reading.complete === false ? NOT_IN_TIME : "");
  } catch (error) {
    if (error.name === "AbortError") return;
    showError(error.message);
    if (photo && reading.empty) show({ ...EMPTY, failed: true });
    if (error.status === 503 || error.status === 504) setTimeout(read, RETRY_AFTER);
  } finally {
    request = null;
    find("prediction").setAttribute("aria-busy", "false");
    if (outdated) read(); // what changed since the request was aborted
    else settle();
  }
}

function ask(blob, signal) {
  if (!model.reads_digits) return classifyPicture(model, blob, !area.photo && !model.light_border, signal);
  return post(`/v1/read?top=${model.class_names.length}`, blob, { signal });
}

function changed() {
  find("undo").disabled = !area.canUndo;
  find("redo").disabled = !area.canRedo;
  find("clear").disabled = area.empty;
  find("invitation").hidden = !area.empty;
  if (reading.empty && !area.empty) forgetSaved(); // a message on an earlier digit
  if (area.photo !== photo) { // the answer to another picture must not stand beside it
    photo = area.photo;
    if (photo) show(EMPTY);
  }
  read();
}

/** Announce and explain the prediction, once the pen is up and the prediction up to date. */
function settle() {
  if (area.drawing || outdated) return;
  find("confidence").textContent = confidenceText(digit());
  announce(summary());
  explain(model.in_training || model.multi_label ? undefined : digit()); // in training, it would be out of date at once
}

// Showing

function show(response) {
  const before = digits().length;
  reading = { others: [], ...response };
  const n = digits().length;
  if (n !== before || selected >= n) selected = Math.max(0, digitAt(area.last, digits(), { reading, picture }, n - 1));
  render();
}

function render() {
  const current = digit();
  const text = reading.text || (current ? UNSURE : "");
  showReading(find("reading"), text);
  find("confidence").textContent = confidenceText(current);
  renderCrop(current);
  renderProbabilities(current);
  renderDigits(digits(), selected, select);
  showBoxes();
  offer(current);
}

const showBoxes = () => renderBoxes(digits(), selected, { reading, picture, photo: area.photo }, select);

function confidenceText(current) {
  if (!current && (reading.failed || reading.complete === false)) return "Not read.";
  if (!current && reading.empty && photo) return "Reading …";
  if (!current) return reading.empty || area.drawing ? "Nothing yet." : "No digit found.";
  const position = digits().length > 1 ? `Digit ${selected + 1} of ${digits().length}: ` : "";
  if (current.labels) return current.labels.length ? `${current.label}: each over 50 %.` : "No label is over 50 %.";
  if (current.label === null) return `${position}I don’t know. It does not look like a digit.`;
  const confidence = percent(current.confidence).replace("> ", "over ");
  if (!current.accepted) return `${position}I don’t know. Most probable: ${current.label}, ${confidence}.`;
  return `${position}${current.label}, confidence ${confidence}.`;
}

function summary() {
  if (!digit()) return reading.empty ? "" : confidenceText();
  return digits().length > 1 ? `Reads ${reading.text || UNSURE}. ${confidenceText(digit())}` : confidenceText(digit());
}

function renderCrop(current) {
  const image = find("crop-image");
  image.hidden = !current;
  if (!current) return;
  image.src = pngUrl(current.image);
  image.alt = `The crop that the network classifies, ${model.image_shape.join(" by ")} pixels`;
}

function renderProbabilities(current) {
  const ranked = current?.top ?? [], byName = new Map(ranked.map((entry) => [entry.label, entry]));
  const isBest = (entry) => current.labels?.includes(entry.label) ?? entry === ranked[0];
  const shown = Math.max(TOP, current?.labels?.length ?? 0);
  find("top").replaceChildren(...ranked.slice(0, shown).map((entry) => bar(entry, isBest(entry))));
  const entries = model.class_names.map((name) => byName.get(name)).filter(Boolean);
  find("probabilities").replaceChildren(...entries.map((entry) => bar(entry, isBest(entry))));
}

function select(index) {
  if (!digits().length) return;
  selected = (index + digits().length) % digits().length;
  render();
  announce(confidenceText(digit()), 100);
  explain(digit());
}

export const step = (by) => select(selected + by);

/** Save the selected digit as a sample of a class. */
export async function label(name) {
  if (frame) { // read what was drawn just before the key
    cancelAnimationFrame(frame);
    frame = 0;
    readNow();
  }
  await request;
  await correct(name, area.photo ? "read" : "drawn");
}

// Start

function setPen() {
  area.pen = find("pen").valueAsNumber;
  find("pen-dot").style.setProperty("--pen", `${area.pen}px`);
}

export function changePen(by) {
  find("pen").valueAsNumber += by;
  setPen();
  announce(`Pen ${area.pen} pixels`, 100);
}

/** On the first visit a digit is drawn by itself. */
function greet() {
  if (store("visited") || find("draw").hidden) return;
  store("visited", "yes");
  demonstration.greet();
}

async function demonstratePhoto() {
  demonstration.stop();
  area.place(...await examplePhoto());
}

/** Do something to the drawing that ends a demonstration. */
const act = (name) => () => {
  demonstration.stop();
  area[name]();
};

export const actions = {
  undo: act("undo"),
  redo: act("redo"),
  clear: act("clear"),
  focus: () => find("drawing-area").focus(),
};

/** Connect the controls of the view. */
export function start() {
  area.addEventListener("change", changed);
  area.addEventListener("resize", showBoxes);
  document.addEventListener("theme", () => area.redraw());
  for (const name of ["undo", "redo", "clear"]) find(name).addEventListener("click", actions[name]);
  find("chips").append(...EXAMPLES.map(([name, strokes]) => button(name, () => demonstration.show(strokes))), button("a photo", demonstratePhoto));
  find("pen").addEventListener("input", setPen);
  setPen();
  if (["localhost", "127.0.0.1", "[::1]"].includes(location.hostname)) {
    find("draw-lead").textContent = "It is read while you draw, and nothing leaves this machine.";
  }
  pictureInput(find("drawing-area"), (bitmap, blob) => {
    demonstration.stop();
    area.place(bitmap, blob);
  });
}

/** Use the classes and limits of a model and read the drawing again; returns its digits. */
export function useModel(card) {
  const names = String(model?.class_names) === String(card.class_names) ? [] : card.class_names;
  model = card;
  area.maxSide = card.limits.side;
  find("crop-size").textContent = card.image_shape.join(" × ");
  find("all-classes").textContent = `All ${card.class_names.length} classes`;
  find("correction").hidden = card.role === "pupil" || !card.reads_digits;
  for (const part of [find("explanation"), find("evidence").parentElement]) part.hidden = card.multi_label;
  find("chips-title").parentElement.hidden = !card.reads_digits;
  find("draw-title").textContent = card.reads_digits ? "Draw a number" : "Draw, or choose a picture";
  if (names.length) showKeys(names, label);
  loadNetwork().then((loaded) => {
    network = loaded;
    if (!area.empty) read();
    else if (loaded) greet();
  }, (error) => showError(error.message));
  if (!area.empty) read();
  return card.reads_digits ? card.class_names.filter((name) => name !== REJECT_CLASS) : [];
}
