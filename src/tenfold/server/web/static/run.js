// The view Run: learning curves and confusion matrix, updated during training.

import { get } from "./api.js";
import { learningCurves } from "./learning_curves.js";
import { accuracyText, announce, count, find, headlineText, make, percent, pngUrl, showError, tile } from "./dom.js";

const INTERVAL = 1000; // milliseconds between requests during training
const MAX_IMAGES = 60; // of a cell
let run = null, timer = null, opened = null, tag = null;

export async function start(model) {
  if (!model.run) return;
  await update();
  find("run-link").hidden = false;
  if (!find("run").hidden) show();
  addEventListener("resize", () => { if (run && !find("run").hidden) showCurves(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) schedule(); });
}

async function update() {
  const response = await get("/v1/run", { headers: tag ? { "If-None-Match": tag } : {} });
  if (response) {
    // The finished run replaces the model that was active during training.
    if (run?.status === "training" && response.status === "finished") document.dispatchEvent(new Event("version"));
    run = response;
    tag = response.etag;
  }
  schedule();
  return Boolean(response);
}

/** Schedule the next update, during training and while the page is visible. */
function schedule() {
  clearTimeout(timer);
  if (run?.status !== "training" || document.hidden) return;
  timer = setTimeout(async () => {
    try {
      const changed = await update();
      showError();
      if (changed && !find("run").hidden) show();
    } catch (error) {
      showError(error.message);
      schedule();
    }
  }, INTERVAL);
}

export function show() {
  find("run-body").hidden = !run;
  if (!run) return;
  find("run-title").textContent = run.title;
  const training = run.status === "training";
  find("run-status").textContent = training
    ? `Training: ${run.epoch} of ${count(run.epochs, "epoch")} done`
    : `${run.status[0].toUpperCase()}${run.status.slice(1)} after ${count(run.epoch, "epoch")}`;
  find("run-progress").hidden = !training;
  [find("run-bar").max, find("run-bar").value] = [run.epochs, run.epoch];
  find("run-accuracy").textContent = run.accuracy ? accuracyText(run.accuracy) : "–";
  find("run-spread").textContent = run.accuracy ? headlineText(run.accuracy) : "No epoch is complete yet.";
  find("matrix-title").textContent = run.accuracy?.networks > 1 ? "Confusion matrix of the first seed" : "Confusion matrix";
  find("run-report").hidden = !run.report;
  find("learning").hidden = !run.history?.length;
  showCurves();
  showMatrix();
}

function showCurves() {
  if (run.history?.length) learningCurves(find("curves"), run.history, run.status === "training" ? run.epochs : 1);
}

// The confusion matrix

function showMatrix() {
  const { confusion, class_names: names } = run;
  for (const part of ["matrix", "matrix-title", "matrix-help"]) find(part).hidden = !confusion;
  if (!confusion) return;
  const most = Math.max(1, ...confusion.flatMap((row, i) => row.filter((_, j) => j !== i)));
  const focused = document.activeElement?.dataset?.cell;
  const head = make("tr", {}, make("td", { className: "corner" }, "predicted →", make("br"), "true ↓"),
    ...names.map((name) => make("th", { scope: "col" }, name)));
  const body = confusion.map((row, i) => make("tr", {}, make("th", { scope: "row" }, names[i]),
    ...row.map((n, j) => cell(n, i, j, most))));
  find("matrix").replaceChildren(make("thead", {}, head), make("tbody", {}, ...body));
  const cells = [...find("matrix").querySelectorAll("button")];
  const current = cells.find((each) => each.dataset.cell === focused);
  makeTabbable(current ?? cells.find((each) => each.dataset.cell === opened) ?? cells[0]);
  current?.focus();
}

function cell(n, i, j, most) {
  const element = make("td", { className: i === j ? "diagonal" : "" });
  if (!n) return element;
  if (i !== j) element.style.setProperty("--depth", 0.3 + 0.7 * (n / most));
  const key = `${i}-${j}`, { class_names: names } = run;
  const button = make("button", {
    type: "button", "data-cell": key, "aria-expanded": String(key === opened), "aria-controls": "cell",
    "aria-label": `true ${names[i]}, predicted ${names[j]}: ${count(n, "image")}`,
  }, String(n));
  button.addEventListener("click", () => openCell(button, i, j));
  button.addEventListener("focus", () => makeTabbable(button));
  button.addEventListener("keydown", moveFocus);
  element.append(button);
  return element;
}

/** Make one cell reachable by Tab; arrow keys reach the others. */
function makeTabbable(to) {
  for (const each of find("matrix").querySelectorAll("button")) each.tabIndex = each === to ? 0 : -1;
}

function moveFocus(event) {
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  if (!step) return;
  event.preventDefault();
  let [i, j] = event.target.dataset.cell.split("-").map(Number);
  do [i, j] = [i + step[0], j + step[1]];
  while (run.confusion[i]?.[j] === 0);
  find("matrix").querySelector(`[data-cell="${i}-${j}"]`)?.focus();
}

async function openCell(button, i, j) {
  opened = button.dataset.cell;
  for (const each of find("matrix").querySelectorAll("button")) {
    each.setAttribute("aria-expanded", String(each.dataset.cell === opened));
  }
  try {
    const { total, images } = await get(`/v1/run/cell?truth=${i}&predicted=${j}&limit=${MAX_IMAGES}`);
    const [label, predicted] = [run.class_names[i], run.class_names[j]];
    find("cell-title").textContent = `True ${label}, predicted ${predicted}: ${images.length} of ${total.toLocaleString("en")}`;
    find("cell-images").replaceChildren(...images.map(({ index, confidence, image }) => tile(
      pngUrl(image), `Image ${index}: ${label}, predicted ${predicted}`,
      make("p", {}, make("b", {}, predicted), make("span", { className: "muted" }, ` ${percent(confidence)}`)))));
    find("cell").hidden = false;
    find("cell").scrollIntoView({ block: "nearest" });
    announce(find("cell-title").textContent, 100);
  } catch (error) {
    showError(error.message);
  }
}
