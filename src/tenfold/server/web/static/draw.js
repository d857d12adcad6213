// The view Draw: what is on the sheet is read while it changes, and the answer is shown.

import { post, remove } from "./api.js";
import { button, find, make, percent, say, source, trouble } from "./dom.js";
import { pictures } from "./pictures.js";
import { Sheet } from "./sheet.js";
import { explain } from "./why.js";

const NO_DIGIT = "no digit";
const UNSURE = "?";

const sheet = new Sheet(find("sheet"), find("ink"), find("cursor"), (text) => { find("place").textContent = text; });
let answer = { digits: [], others: [], text: "", none: true };
let chosen = 0;
let picture = null;
let reading = null, again = false;
const kept = []; // samples stored from here, newest last: the sample, and the digit it was

const digits = () => (answer.digits.length ? answer.digits : answer.others);
const digit = () => digits()[chosen];

// Asking

/** Read the sheet; while an answer is on its way, only the latest change waits. */
function read() {
  again = true;
  reading ??= readLatest();
}

async function readLatest() {
  find("answer").setAttribute("aria-busy", "true");
  try {
    while (again) {
      again = false;
      picture = await sheet.picture();
      const found = picture ? await post("/v1/read?top=1000", picture.blob) : null;
      show(found ?? { digits: [], text: "", none: true });
    }
    trouble();
  } catch (error) {
    trouble(error.message);
  } finally {
    reading = null;
    find("answer").setAttribute("aria-busy", "false");
  }
  settle();
}

function changed() {
  find("undo").disabled = !sheet.canUndo;
  find("redo").disabled = !sheet.canRedo;
  find("clear").disabled = sheet.empty;
  find("invitation").hidden = !sheet.empty;
  if (answer.none && !sheet.empty) find("kept").replaceChildren(); // it told of an earlier digit
  read();
}

/** Once the pen is up and the answer there, tell it and explain it. */
function settle() {
  if (sheet.drawing || again) return;
  find("sure").textContent = sureness(digit());
  say(told());
  explain(digit());
}

// Showing

function show(found) {
  const before = digits().length;
  answer = { others: [], ...found };
  const several = digits().length;
  if (several !== before || chosen >= several) chosen = Math.max(0, under(sheet.last, several - 1));
  render();
}

/** The digit that the pen is in, or else the last one. */
function under(point, otherwise) {
  if (!point || !picture) return otherwise;
  const inside = ({ box }) => {
    const [left, top, right, bottom] = placed(box);
    return point[0] >= left - 8 && point[0] <= right + 8 && point[1] >= top - 8 && point[1] <= bottom + 8;
  };
  const place = digits().findIndex(inside);
  return place < 0 ? otherwise : place;
}

/** Where a box of the answer stands on the sheet, which lies as it was before it was turned. */
function placed(box) {
  const [left, top, right, bottom] = asItLies(box);
  return [
    left / picture.scale + picture.left,
    top / picture.scale + picture.top,
    right / picture.scale + picture.left,
    bottom / picture.scale + picture.top,
  ];
}

function asItLies([left, top, right, bottom]) {
  const [width, height] = answer.size;
  return {
    0: [left, top, right, bottom],
    90: [height - bottom, left, height - top, right],
    180: [width - right, height - bottom, width - left, height - top],
    270: [top, width - right, bottom, width - left],
  }[answer.turned];
}

function render() {
  const one = digit();
  const text = answer.text || (one ? UNSURE : "");
  const figure = find("figure");
  figure.textContent = text;
  figure.classList.toggle("unsure", text.includes(UNSURE));
  figure.style.setProperty("--letters", Math.max(...text.split("\n").map((line) => line.length)));
  figure.style.setProperty("--lines", text.split("\n").length);
  find("sure").textContent = sureness(one);
  find("answer").classList.toggle("refused", Boolean(one && !one.accepted));
  seen(one);
  bars(one);
  chips();
  boxes();
  labels(one);
}

function sureness(one) {
  if (!one) return answer.none || sheet.drawing ? "Nothing yet." : "No digit found.";
  const place = digits().length > 1 ? `Digit ${chosen + 1} of ${digits().length}: ` : "";
  if (one.label === null) return `${place}I don’t know. It looks like no digit.`;
  if (!one.accepted && one.label !== null) return `${place}I don’t know. Most like ${one.label}, at ${percent(one.confidence)}.`;
  return `${place}${one.label}, ${percent(one.confidence)} sure.`.replace(", > ", ", over ");
}

function told() {
  if (!digit()) return answer.none ? "" : "No digit found.";
  return digits().length > 1 ? `Reads ${answer.text || UNSURE}. ${sureness(digit())}` : sureness(digit());
}

function seen(one) {
  const image = find("seen-image");
  image.hidden = !one;
  if (!one) return;
  image.src = source(one.image);
  image.alt = "The digit as the network sees it, 28 by 28 pixels";
}

function bars(one) {
  const chances = new Map(one?.top.map(({ label, probability }) => [label, probability]));
  for (const row of find("bars").children) {
    const chance = chances.get(row.dataset.label);
    row.style.setProperty("--chance", chance ?? 0);
    row.classList.toggle("best", Boolean(one) && row.dataset.label === one.top[0].label);
    row.lastChild.textContent = chance === undefined ? "" : percent(chance);
  }
}

/** The digits side by side, where there are several. */
function chips() {
  const list = find("digits");
  list.hidden = digits().length < 2;
  const focused = list.contains(document.activeElement);
  list.replaceChildren(...(list.hidden ? [] : digits().map((one, place) => {
    const image = make("img", { src: source(one.image), alt: "", width: 40, height: 40, className: "pixels" });
    const said = make("span", {}, one.accepted ? one.label : UNSURE);
    const chip = button("", () => choose(place), { "aria-pressed": String(place === chosen) });
    chip.setAttribute("aria-label", `Digit ${place + 1}: ${one.accepted ? one.label : "not known"}`);
    chip.append(image, said);
    return make("li", { className: one.accepted ? "" : "refused" }, chip);
  })));
  if (focused) list.children[chosen]?.firstChild.focus();
}

function boxes() {
  const shown = picture && (digits().length > 1 || sheet.photo) ? digits() : [];
  find("boxes").classList.toggle("photo", sheet.photo);
  find("boxes").replaceChildren(...shown.map((one, place) => {
    const [left, top, right, bottom] = placed(one.box);
    const box = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const sides = { x: left - 4, y: top - 4, width: right - left + 8, height: bottom - top + 8, rx: 4 };
    for (const [name, value] of Object.entries(sides)) box.setAttribute(name, value);
    box.classList.toggle("chosen", place === chosen);
    box.classList.toggle("refused", !one.accepted);
    return box;
  }));
}

export function choose(place) {
  if (!digits().length) return;
  chosen = (place + digits().length) % digits().length;
  render();
  say(sureness(digit()), 100);
  explain(digit());
}

export const step = (by) => choose(chosen + by);

// Correcting

function labels(one) {
  for (const key of find("keys").children) {
    key.disabled = !one;
    key.setAttribute("aria-pressed", String(one?.kept?.label === key.value));
  }
}

/** Keep the chosen digit as a sample of a class, as it stands on the sheet; a digit is kept once. */
export async function label(name) {
  await reading;
  const one = digit();
  if (!one || one.keeping || one.kept?.label === name) return;
  one.keeping = true;
  try {
    if (one.kept) await forget(one.kept);
    one.kept = await post("/v1/samples", {
      image: one.image,
      label: name,
      guess: one.label ?? NO_DIGIT,
      confidence: one.confidence,
      source: sheet.photo ? "read" : "drawn",
    });
    kept.push({ sample: one.kept, digit: one });
    tell(name === one.label ? `Kept as another ${name}.` : `Kept as ${name}; it was read as ${one.label ?? NO_DIGIT}.`, true);
    trouble();
  } catch (error) {
    trouble(error.message);
  } finally {
    one.keeping = false;
  }
  labels(digit());
}

async function forget(sample) {
  await remove(`/v1/samples/${sample.id}`);
  const place = kept.findIndex((each) => each.sample.id === sample.id);
  if (place >= 0) kept.splice(place, 1)[0].digit.kept = undefined;
}

/** Take the sample back that was kept last. */
export async function takeBack() {
  const last = kept.at(-1);
  if (!last) return;
  try {
    await forget(last.sample);
    tell(`Taken back: it is no sample of ${last.sample.label} any more.`, false);
  } catch (error) {
    trouble(error.message);
  }
  labels(digit());
}

function tell(text, undo) {
  find("kept").replaceChildren(text, ...(undo ? [" ", button("Take it back", takeBack, { className: "link" })] : []));
  document.dispatchEvent(new Event("samples"));
}

// Beginning

const thickness = () => {
  sheet.pen = find("pen").valueAsNumber;
  find("pen-dot").style.setProperty("--pen", `${sheet.pen}px`);
};

export function thicker(by) {
  find("pen").valueAsNumber += by;
  thickness();
  say(`Pen ${sheet.pen} pixels`, 100);
}

export const actions = {
  undo: () => sheet.undo(),
  redo: () => sheet.redo(),
  clear: () => sheet.clear(),
  focus: () => find("sheet").focus(),
};

/** Make the view ready. */
export function start() {
  sheet.addEventListener("change", changed);
  sheet.addEventListener("resize", boxes);
  document.addEventListener("theme", () => sheet.redraw());
  for (const name of ["undo", "redo", "clear"]) find(name).addEventListener("click", actions[name]);
  find("pen").addEventListener("input", thickness);
  thickness();
  if (["localhost", "127.0.0.1", "[::1]"].includes(location.hostname)) {
    find("draw-lead").textContent = "It is read while you draw, and nothing leaves this machine.";
  }
  pictures(find("sheet"), (bitmap, blob) => sheet.place(bitmap, blob));
}

/** Be ready for the answers of a network, which reads what is on the sheet anew; returns the
 * classes that a digit can be. */
export function serve(classes) {
  find("bars").replaceChildren(...classes.map((name) => make(
    "li", { "data-label": name },
    make("span", { className: "name" }, name), make("span", { className: "track" }), make("span", { className: "chance" }),
  )));
  const names = classes.filter((name) => name !== NO_DIGIT);
  find("keys").replaceChildren(...names.map((name) =>
    button(name, () => label(name), { value: name, disabled: true, "aria-pressed": "false" })));
  if (!sheet.empty) read();
  return names;
}
