// The page: its views, its theme, its shortcuts.

import { get } from "./api.js";
import * as draw from "./draw.js";
import { find, trouble } from "./dom.js";
import * as model from "./model.js";
import * as run from "./run.js";
import * as samples from "./samples.js";

const VIEWS = { draw: "Draw", run: "Run", samples: "Samples", model: "Model" };
const shown = { run: run.show, samples: samples.show, model: model.show };

function route() {
  const name = location.hash.slice(1);
  if (name === "main") return;
  const view = VIEWS[name] ? name : "draw";
  for (const section of document.querySelectorAll(".view")) section.hidden = section.id !== view;
  for (const link of document.querySelectorAll("header nav a")) {
    if (link.hash === `#${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${VIEWS[view]} · tenfold`;
  scrollTo(0, 0);
  shown[view]?.();
}

// Theme: the system's, unless one is chosen

const THEMES = ["automatic", "light", "dark"];

function store(name, value) {
  try {
    if (value === undefined) return localStorage.getItem(name);
    localStorage.setItem(name, value);
  } catch { /* storage is closed to this page: the choice lasts as long as the page */ }
  return null;
}

function theme(name) {
  if (name === "automatic") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  find("theme").setAttribute("aria-label", `Theme: ${name}`);
  find("theme").title = `Theme: ${name}`;
  find("theme").dataset.shown = name;
  document.dispatchEvent(new Event("theme"));
}

function nextTheme() {
  const now = document.documentElement.dataset.theme ?? "automatic";
  const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
  store("theme", next === "automatic" ? "" : next);
  theme(next);
}

// Shortcuts

const go = (view) => () => { if (view !== "run" || !find("run-link").hidden) location.hash = view; };
const KEYS = {
  z: draw.actions.undo, y: draw.actions.redo, c: draw.actions.clear, g: draw.actions.focus,
  u: draw.takeBack, p: () => find("file").click(),
  "[": () => draw.step(-1), "]": () => draw.step(1),
  "+": () => draw.thicker(2), "=": () => draw.thicker(2), "-": () => draw.thicker(-2),
};
const EVERYWHERE = {
  d: go("draw"), r: go("run"), s: go("samples"), m: go("model"), "?": () => find("help").showModal(),
};
let names = [];

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
  const action = EVERYWHERE[key] ?? (find("draw").hidden ? undefined : KEYS[key] ?? labelling(key));
  if (!action) return;
  event.preventDefault();
  action();
}

/** A class is kept by its own name where that is one key, else by its place. */
function labelling(key) {
  const name = names.includes(key) ? key : /^\d$/.test(key) ? names[Number(key)] : undefined;
  return name === undefined ? undefined : () => draw.label(name);
}

/** Another network answers from now on. */
async function renew() {
  try {
    names = draw.serve((await get("/v1/model")).class_names);
  } catch (error) {
    trouble(error.message);
  }
}

async function begin() {
  theme(document.documentElement.dataset.theme ?? "automatic");
  find("theme").addEventListener("click", nextTheme);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new Event("theme")));
  find("help-open").addEventListener("click", () => find("help").showModal());
  find("shortcuts").checked = store("shortcuts") !== "off";
  find("shortcuts").addEventListener("change", () => store("shortcuts", find("shortcuts").checked ? "on" : "off"));
  addEventListener("keydown", shortcut);
  addEventListener("hashchange", route);
  document.addEventListener("version", renew);
  route();
  try {
    const card = await get("/v1/model");
    draw.start();
    names = draw.serve(card.class_names);
    find("version").textContent = `tenfold ${card.tenfold}`;
    await Promise.all([samples.start(), run.start(card), model.start()]);
  } catch (error) {
    trouble(error.message);
  }
  document.documentElement.dataset.ready = "";
}

begin();
