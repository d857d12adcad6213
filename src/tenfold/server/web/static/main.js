// The page: views, theme and keyboard shortcuts.

import { get } from "./api.js";
import { deleteLast } from "./correction.js";
import * as draw from "./draw.js";
import { find, showError } from "./dom.js";
import * as model from "./model.js";
import * as run from "./run.js";
import * as samples from "./samples.js";
import { startTheme, store } from "./theme_switch.js";
import * as training from "./training.js";

const INTERVAL = 2000; // milliseconds between two looks at the model
const VIEWS = { draw: "Draw", run: "Run", train: "Train", samples: "Samples", model: "Model" };
const onShow = { run: run.show, train: training.show, samples: samples.show, model: model.show };

function route() {
  const [name] = location.hash.slice(1).split("?");
  if (name === "main") return;
  const view = VIEWS[name] && !closed.has(name) ? name : "draw";
  for (const section of document.querySelectorAll(".view")) section.hidden = section.id !== view;
  for (const link of document.querySelectorAll("header nav a")) {
    if (link.hash === `#${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${VIEWS[view]} · tenfold`;
  scrollTo(0, 0);
  if (revision !== null) onShow[view]?.();
}

// Shortcuts

const goTo = (view) => () => { if (!find(`${view}-link`)?.hidden) location.hash = view; };
const DRAW_KEYS = {
  z: draw.actions.undo, y: draw.actions.redo, c: draw.actions.clear, g: draw.actions.focus,
  u: () => closed.has("samples") || deleteLast(), p: () => find("file").click(),
  "[": () => draw.step(-1), "]": () => draw.step(1),
  "+": () => draw.changePen(2), "=": () => draw.changePen(2), "-": () => draw.changePen(-2),
};
const GLOBAL_KEYS = {
  d: goTo("draw"), r: goTo("run"), t: goTo("train"), s: goTo("samples"), m: goTo("model"), "?": () => find("help").showModal(),
};
let digits = [], revision = null, closed = new Set(); // views that the role or model does not have

function shortcut(event) {
  if (event.altKey || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey) {
    const action = { z: event.shiftKey ? draw.actions.redo : draw.actions.undo, y: draw.actions.redo }[key];
    if (action && !find("draw").hidden) { event.preventDefault(); action(); }
    return;
  }
  if (!find("shortcuts").checked) return;
  if (event.target.matches("input:not([type=range]), textarea, select")) return;
  const action = GLOBAL_KEYS[key] ?? (find("draw").hidden ? undefined : DRAW_KEYS[key] ?? labelAction(key));
  if (!action) return;
  event.preventDefault();
  action();
}

/** A key labels the class of that name, else a digit key the class of that index. */
function labelAction(key) {
  if (closed.has("samples")) return undefined;
  const name = digits.includes(key) ? key : /^\d$/.test(key) ? digits[Number(key)] : undefined;
  return name === undefined ? undefined : () => draw.label(name);
}

/** Draw with a model, and show its name in every view. */
function useModel(card) {
  digits = draw.useModel(card);
  revision = card.revision;
  const source = card.source === "shipped" ? "packaged reader" : card.source.split(/[\\/]/).at(-1);
  find("answering").textContent = `${source}, ${card.in_training ? "still training" : `version ${card.version}`}`;
  closed = new Set(card.role === "pupil" ? ["run", "train", "samples", "model"] : card.multi_label ? ["train", "samples"] : []);
  for (const view of ["train", "samples", "model"]) find(`${view}-link`).hidden = closed.has(view);
  if (closed.has(location.hash.slice(1).split("?")[0])) location.hash = "draw";
}

/** Another model answers. */
async function reloadModel() {
  try {
    useModel(await get("/v1/model"));
  } catch (error) {
    showError(error.message);
  }
}

/** Look for another model: other clients choose one, and a network in training changes by itself. */
async function watchModel() {
  try {
    const changed = !document.hidden && (await get("/v1/model")).revision !== revision;
    if (changed) document.dispatchEvent(new Event("version"));
  } catch { /* the next action of the user tells */ }
  setTimeout(watchModel, INTERVAL);
}

async function start() {
  startTheme();
  find("help-open").addEventListener("click", () => find("help").showModal());
  find("shortcuts").checked = store("shortcuts") !== "off";
  find("shortcuts").addEventListener("change", () => store("shortcuts", find("shortcuts").checked ? "on" : "off"));
  addEventListener("keydown", shortcut);
  addEventListener("hashchange", route);
  document.addEventListener("version", reloadModel);
  route();
  try {
    const card = await get("/v1/model");
    draw.start();
    useModel(card);
    route();
    find("version").textContent = `tenfold ${card.tenfold}`;
    if (card.role !== "pupil") await Promise.all([samples.start(), run.start(card), training.start(), model.start()]);
  } catch (error) {
    showError(error.message);
  }
  setTimeout(watchModel, INTERVAL);
  document.documentElement.dataset.ready = "";
}

start();
