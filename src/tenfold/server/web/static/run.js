// The view Run: a training's curves and confusion matrix, live while it runs.

import { get } from "./api.js";
import { curves } from "./curves.js";
import { accurate, count, find, make, percent, say, source, spread, tile, trouble } from "./dom.js";

const STEP = 1000; // milliseconds between looks while it trains
const CELL = 60;
let run = null, timer = null, opened = null, tag = null;

export async function start(model) {
  if (!model.run) return;
  await look();
  find("run-link").hidden = false;
  if (!find("run").hidden) show();
  addEventListener("resize", () => { if (run && !find("run").hidden) draw(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) again(); });
}

async function look() {
  const found = await get("/v1/run", { headers: tag ? { "If-None-Match": tag } : {} });
  if (found) {
    // The run answers itself once it is finished.
    if (run?.status === "training" && found.status === "finished") document.dispatchEvent(new Event("version"));
    run = found;
    tag = found.etag;
  }
  again();
  return Boolean(found);
}

/** Look again in a moment, as long as it trains and someone sees the page. */
function again() {
  clearTimeout(timer);
  if (run?.status !== "training" || document.hidden) return;
  timer = setTimeout(async () => {
    try {
      const news = await look();
      trouble();
      if (news && !find("run").hidden) show();
    } catch (error) {
      trouble(error.message);
      again();
    }
  }, STEP);
}

export function show() {
  find("run-body").hidden = !run;
  if (!run) return;
  find("run-title").textContent = run.title;
  const trains = run.status === "training";
  find("run-status").textContent = trains
    ? `Training: ${run.epoch} of ${count(run.epochs, "epoch")} done`
    : `${run.status[0].toUpperCase()}${run.status.slice(1)} after ${count(run.epoch, "epoch")}`;
  find("run-progress").hidden = !trains;
  [find("run-bar").max, find("run-bar").value] = [run.epochs, run.epoch];
  find("run-accuracy").textContent = run.accuracy ? accurate(run.accuracy) : "–";
  find("run-spread").textContent = run.accuracy
    ? `${spread(run.accuracy)} % of ${run.n.toLocaleString("en")} ${run.split} images right` : "No epoch is done yet.";
  find("run-report").hidden = !run.report;
  find("found").hidden = !run.history?.length;
  draw();
  matrix();
}

function draw() {
  if (run.history?.length) curves(find("curves"), run.history, run.status === "training" ? run.epochs : 1);
}

// The confusion matrix

function matrix() {
  const { confusion, class_names: names } = run;
  find("matrix").hidden = !confusion;
  if (!confusion) return;
  const most = Math.max(1, ...confusion.flatMap((row, i) => row.filter((_, j) => j !== i)));
  const focused = document.activeElement?.dataset?.cell;
  const head = make("tr", {}, make("td", { className: "corner" }, "predicted →", make("br"), "true ↓"),
    ...names.map((name) => make("th", { scope: "col" }, name)));
  const body = confusion.map((row, i) => make("tr", {}, make("th", { scope: "row" }, names[i]),
    ...row.map((n, j) => cell(n, i, j, most))));
  find("matrix").replaceChildren(make("thead", {}, head), make("tbody", {}, ...body));
  const cells = [...find("matrix").querySelectorAll("button")];
  const now = cells.find((each) => each.dataset.cell === focused);
  rove(now ?? cells.find((each) => each.dataset.cell === opened) ?? cells[0]);
  now?.focus();
}

function cell(n, i, j, most) {
  const place = make("td", { className: i === j ? "diagonal" : "" });
  if (!n) return place;
  if (i !== j) place.style.setProperty("--depth", 0.3 + 0.7 * (n / most));
  const key = `${i}-${j}`, { class_names: names } = run;
  const button = make("button", {
    type: "button", "data-cell": key, "aria-expanded": String(key === opened), "aria-controls": "cell",
    "aria-label": `true ${names[i]}, predicted ${names[j]}: ${count(n, "image")}`,
  }, String(n));
  button.addEventListener("click", () => open(button, i, j));
  button.addEventListener("focus", () => rove(button));
  button.addEventListener("keydown", arrows);
  place.append(button);
  return place;
}

function rove(to) {
  for (const each of find("matrix").querySelectorAll("button")) each.tabIndex = each === to ? 0 : -1;
}

function arrows(event) {
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  if (!step) return;
  event.preventDefault();
  let [i, j] = event.target.dataset.cell.split("-").map(Number);
  do [i, j] = [i + step[0], j + step[1]];
  while (run.confusion[i]?.[j] === 0);
  find("matrix").querySelector(`[data-cell="${i}-${j}"]`)?.focus();
}

async function open(button, i, j) {
  opened = button.dataset.cell;
  for (const each of find("matrix").querySelectorAll("button")) {
    each.setAttribute("aria-expanded", String(each.dataset.cell === opened));
  }
  try {
    const { total, images } = await get(`/v1/run/cell?truth=${i}&predicted=${j}&limit=${CELL}`);
    const [label, predicted] = [run.class_names[i], run.class_names[j]];
    find("cell-title").textContent = `True ${label}, predicted ${predicted}: ${images.length} of ${total.toLocaleString("en")}`;
    find("cell-images").replaceChildren(...images.map(({ index, confidence, image }) => tile(
      source(image), `Image ${index}: ${label}, predicted ${predicted}`,
      make("p", {}, make("b", {}, predicted), make("span", { className: "quiet" }, ` ${percent(confidence)}`)))));
    find("cell").hidden = false;
    find("cell").scrollIntoView({ block: "nearest" });
    say(find("cell-title").textContent, 100);
  } catch (error) {
    trouble(error.message);
  }
}
