// The view Samples: what was corrected, and what retraining on it would change.

import { get, post, remove } from "./api.js";
import { accurate, button, count, find, make, percent, say, spread, tile, trouble } from "./dom.js";

const PAGE = 60;
let list = [], total = 0, asked = 0, polling = null;

const visible = () => !find("samples").hidden;

export async function start() {
  document.addEventListener("samples", () => tally().catch(() => {}));
  for (const [name, action] of Object.entries({ retrain, accept, discard, cancel: discard, more })) {
    find(name).addEventListener("click", () => action().catch((error) => trouble(error.message)));
  }
  await tally();
  await poll();
}

/** The newest samples, and how many there are beside the view's name; nothing where they were
 * asked for again meanwhile, since answers may overtake each other. */
async function newest(limit) {
  const turn = ++asked;
  const found = await get(`/v1/samples?limit=${limit}`);
  if (turn !== asked) return null;
  total = found.total;
  find("sample-count").textContent = total;
  find("sample-count").hidden = !total;
  return found;
}

async function tally() {
  if (visible()) await show();
  else await newest(1);
}

export async function show() {
  try {
    const found = await newest(PAGE);
    if (!found) return;
    list = found.samples;
    find("samples-lead").textContent = total
      ? `${count(total, "image")} that you have labelled.`
      : "None yet: draw, and press the digit that it is.";
    counts(found.counts);
    gallery();
    await poll();
  } catch (error) {
    trouble(error.message);
  }
}

async function more() {
  const found = await get(`/v1/samples?limit=${PAGE}&before=${encodeURIComponent(list.at(-1).id)}`);
  list.push(...found.samples);
  gallery();
}

function counts(found) {
  const names = Object.keys(found);
  const row = (head, cells) => make("tr", {}, make("th", { scope: "row" }, head), ...cells);
  find("counts").replaceChildren(...(total ? [
    row("Class", names.map((name) => make("th", { scope: "col" }, name))),
    row("Samples", names.map((name) => make("td", {}, String(found[name])))),
  ] : []));
}

function gallery() {
  find("sample-list").replaceChildren(...list.map(sampleTile));
  find("more").hidden = list.length >= total;
}

function sampleTile(sample) {
  const was = sample.guess === null ? "" : sample.guess === sample.label
    ? `read as ${sample.guess}` : `was read as ${sample.guess}`;
  const sure = sample.confidence === null ? "" : `, ${percent(sample.confidence)}`;
  const gone = button("Delete", () => drop(sample), { className: "link", "aria-label": `Delete this sample of ${sample.label}` });
  const made = tile(
    `/v1/samples/${encodeURIComponent(sample.id)}/image`, `Sample of ${sample.label}`,
    make("p", {}, make("b", {}, sample.label), make("span", { className: "quiet" }, `${was}${sure}`)), gone,
  );
  made.classList.toggle("wrong", sample.guess !== null && sample.guess !== sample.label);
  return made;
}

async function drop(sample) {
  const place = list.indexOf(sample);
  try {
    await remove(`/v1/samples/${encodeURIComponent(sample.id)}`);
    await show();
    say(`Sample of ${sample.label} deleted`, 100);
    const buttons = find("sample-list").querySelectorAll("button");
    (buttons[Math.min(place, buttons.length - 1)] ?? find("main")).focus();
  } catch (error) {
    trouble(error.message);
  }
}

// Retraining

const retrain = async () => { progress(await post("/v1/retraining")); };
const discard = async () => { progress(await remove("/v1/retraining")); };

async function accept() {
  const { version } = await post("/v1/retraining/accept");
  document.dispatchEvent(new Event("version"));
  await poll();
  find("retraining-says").replaceChildren(
    `Version ${version} answers from now on. `, make("a", { href: "#model" }, "You can go back"), ".");
  say(find("retraining-says").textContent, 100);
}

async function poll() {
  clearTimeout(polling);
  progress(await get("/v1/retraining"));
}

function progress(found) {
  clearTimeout(polling);
  const { state, epoch, epochs } = found;
  const running = state === "running", finished = state === "finished";
  if (running) polling = setTimeout(() => poll().catch((error) => trouble(error.message)), 1000);
  find("retraining-progress").hidden = !running;
  const bar = find("retraining-bar");
  if (epochs) [bar.max, bar.value] = [epochs, epoch];
  else bar.removeAttribute("value");
  const before = find("retraining-says").textContent;
  find("retraining-says").textContent = words(found);
  if (before !== find("retraining-says").textContent && state !== "running" && before) say(find("retraining-says").textContent, 100);
  find("retrain").hidden = running || finished;
  find("retrain").disabled = !total;
  find("accept").hidden = find("discard").hidden = !finished;
  find("cancel").hidden = !running;
  compare(finished ? found.comparison : null);
}

function words({ state, epoch, epochs, seconds, error, comparison }) {
  if (state === "running") {
    const far = !epochs ? "preparing" : epoch < epochs ? `epoch ${epoch + 1} of ${epochs}` : "comparing";
    return `Retraining: ${far}, ${Math.round(seconds ?? 0)} s. You can go on drawing.`;
  }
  if (state === "finished") {
    return `Done in ${Math.round(seconds)} s: ${verdict(comparison.held_out)} on held-out images, `
      + `${verdict(comparison.samples)} on your samples. Nothing changes until you accept it.`;
  }
  if (state === "failed") return `Retraining failed: ${error}`;
  const offer = total
    ? `The network goes on learning, from its training images and your ${count(total, "sample")}.`
    : "Once there are samples, the network can go on learning from them.";
  return state === "cancelled" ? `Cancelled; nothing has changed. ${offer}` : offer;
}

/** What an interval of the difference allows to say. */
function verdict({ difference }) {
  if (difference?.low > 0) return "better";
  return difference?.high < 0 ? "worse" : "no visible difference";
}

function compare(comparison) {
  find("comparison").hidden = !comparison;
  const note = comparison?.samples?.note ?? "";
  find("comparison-note").textContent = note && `${note[0].toUpperCase()}${note.slice(1)}.`;
  if (!comparison) return;
  const { held_out: held, samples } = comparison;
  const rows = [[`${held.name ?? "Held-out images"}`, held], ["Your samples", samples]];
  if (samples?.held_out) rows.push(["of them, not trained on", samples.held_out]);
  const head = make("tr", {}, ...["", "before", "after", "difference"].map((text) =>
    text ? make("th", { scope: "col" }, text) : make("td")));
  find("comparison").firstElementChild.replaceChildren(
    make("thead", {}, head), make("tbody", {}, ...rows.filter(([, row]) => row).map(([name, row]) => compared(name, row))));
}

function compared(name, { n, before, after, difference }) {
  const score = (value) => make("td", {}, accurate(value), make("span", { className: "interval" }, spread(value)));
  const change = difference ?? { value: after.value - before.value };
  return make("tr", {}, make("th", { scope: "row" }, name, make("span", { className: "interval" }, count(n, "image"))),
    score(before), score(after), make("td", {}, points(change.value),
      make("span", { className: "interval" }, difference ? `${points(change.low)} to ${points(change.high)}` : "")));
}

/** A difference of accuracies in points of percent, with its sign. */
function points(value) {
  const text = Math.abs(100 * value).toFixed(2);
  return Number(text) ? `${value < 0 ? "−" : "+"}${text}` : "0.00";
}
