// The view Samples: labelled images, and retraining on them.

import { REJECT_CLASS, get, post, remove } from "./api.js";
import { accuracyText, announce, button, count, find, intervalText, make, percent, pngUrl, showError, tile } from "./dom.js";

const PAGE = 60;
let list = [], total = 0, requests = 0, polling = null, compared = false;

const visible = () => !find("samples").hidden;

export async function start() {
  document.addEventListener("samples", () => refresh().catch(() => {}));
  for (const [name, action] of Object.entries({ retrain, accept, discard, cancel: discard, more })) {
    find(name).addEventListener("click", () => action().catch((error) => showError(error.message)));
  }
  await refresh();
  await poll();
}

/** Get the newest samples and show their number in the navigation. Returns null if a newer request
 * was sent meanwhile, since responses may arrive out of order. */
async function newest(limit) {
  const id = ++requests;
  const response = await get(`/v1/samples?limit=${limit}`);
  if (id !== requests) return null;
  total = response.total;
  find("sample-count").textContent = total;
  find("sample-count").hidden = !total;
  return response;
}

async function refresh() {
  if (visible()) await show();
  else await newest(1);
}

export async function show() {
  try {
    const newestSamples = await newest(PAGE);
    if (!newestSamples) return;
    list = newestSamples.samples;
    find("samples-lead").textContent = total
      ? `${count(total, "labelled image")}.`
      : "None yet: draw a digit and press its key.";
    showCounts(newestSamples.counts);
    showSamples();
    await poll();
  } catch (error) {
    showError(error.message);
  }
}

async function more() {
  const { samples } = await get(`/v1/samples?limit=${PAGE}&before=${encodeURIComponent(list.at(-1).id)}`);
  list.push(...samples);
  showSamples();
}

function showCounts(counts) {
  const names = Object.keys(counts);
  const row = (head, cells) => make("tr", {}, make("th", { scope: "row" }, head), ...cells);
  find("counts").replaceChildren(...(total ? [
    row("Class", names.map((name) => make("th", { scope: "col" }, name))),
    row("Samples", names.map((name) => make("td", {}, String(counts[name])))),
  ] : []));
}

function showSamples() {
  find("sample-list").replaceChildren(...list.map(sampleTile));
  find("more").hidden = list.length >= total;
}

function sampleTile(sample) {
  const predicted = sample.guess === null ? "" : `read as ${sample.guess}`;
  const confidence = sample.confidence === null ? "" : `, ${percent(sample.confidence)}`;
  const deletion = button("Delete", () => deleteSample(sample), { className: "link", "aria-label": `Delete this sample of ${sample.label}` });
  const item = tile(
    `/v1/samples/${encodeURIComponent(sample.id)}/image`, `Sample of ${sample.label}`,
    make("p", {}, make("b", {}, sample.label), make("span", { className: "muted" }, `${predicted}${confidence}`)), deletion,
  );
  item.classList.toggle("misread", sample.guess !== null && sample.guess !== sample.label);
  return item;
}

async function deleteSample(sample) {
  const index = list.indexOf(sample);
  try {
    await remove(`/v1/samples/${encodeURIComponent(sample.id)}`);
    await show();
    announce(`Sample of ${sample.label} deleted`, 100);
    const buttons = find("sample-list").querySelectorAll("button");
    (buttons[Math.min(index, buttons.length - 1)] ?? find("main")).focus();
  } catch (error) {
    showError(error.message);
  }
}

// Retraining

const retrain = async () => { await showRetraining(await post("/v1/retraining")); };
const discard = async () => { await showRetraining(await remove("/v1/retraining")); };

async function accept() {
  const { version } = await post("/v1/retraining/accept");
  document.dispatchEvent(new Event("version"));
  await poll();
  find("retraining-status").replaceChildren(
    `Version ${version} is active now. `, make("a", { href: "#model" }, "Activate another version"), ".");
  announce(find("retraining-status").textContent, 100);
}

async function poll() {
  clearTimeout(polling);
  await showRetraining(await get("/v1/retraining"));
}

async function showRetraining(retraining) {
  clearTimeout(polling);
  const { state, epoch, epochs } = retraining;
  const running = state === "running", finished = state === "finished";
  if (finished !== compared) { // before the result can be accepted
    compared = finished;
    await showSampleComparison(finished);
  }
  if (running) polling = setTimeout(() => poll().catch((error) => showError(error.message)), 1000);
  find("retraining-progress").hidden = !running;
  const bar = find("retraining-bar");
  if (epochs) [bar.max, bar.value] = [epochs, epoch];
  else bar.removeAttribute("value");
  const previous = find("retraining-status").textContent, text = statusText(retraining);
  find("retraining-status").textContent = text;
  if (previous && previous !== text && !running) announce(text, 100);
  find("retrain").hidden = running || finished;
  find("retrain").disabled = !total;
  find("accept").hidden = find("discard").hidden = !finished;
  find("cancel").hidden = !running;
  showComparison(finished ? retraining.comparison : null);
}

function statusText({ state, epoch, epochs, seconds, error, comparison }) {
  if (state === "running") {
    const phase = !epochs ? "preparing" : epoch < epochs ? `epoch ${epoch + 1} of ${epochs}` : "comparing";
    return `Retraining: ${phase}, ${Math.round(seconds ?? 0)} s. You can continue to draw.`;
  }
  if (state === "finished") {
    return `Done in ${Math.round(seconds)} s: ${outcome(comparison.held_out)} on held-out images, `
      + `${outcome(comparison.samples)} on your samples. Accept it to activate the new version.`;
  }
  if (state === "failed") return `Retraining failed: ${error}`;
  const offer = total
    ? `Fine-tune the network on its training images and your ${count(total, "sample")}.`
    : "The network can be fine-tuned once there are samples.";
  return state === "cancelled" ? `Cancelled; the model is unchanged. ${offer}` : offer;
}

/** Whether the confidence interval of the difference excludes 0. */
function outcome({ difference }) {
  if (difference?.low > 0) return "better";
  return difference?.high < 0 ? "worse" : "no significant difference";
}

/** Show each sample before and after the retraining. */
async function showSampleComparison(finished) {
  find("compared").replaceChildren();
  find("compared-lead").textContent = "";
  if (!finished) return;
  const { n, accepted, samples: compared } = await get("/v1/retraining/samples");
  find("compared-lead").textContent = `Of ${count(n, "sample")}, ${accepted.before} were accepted before and ${accepted.after} are now.`;
  find("compared").replaceChildren(...compared.map(comparedTile));
}

function comparedTile({ label, image, before, after }) {
  const answer = (name, one) => make("p", {}, make("span", { className: "muted" }, `${name} `),
    make("b", {}, one.label ?? REJECT_CLASS), ` ${percent(one.confidence)}${one.accepted ? "" : ", not accepted"}`);
  const item = tile(pngUrl(image), `Sample of ${label}`, answer("before", before), answer("after", after));
  item.classList.toggle("misread", after.label !== (label === REJECT_CLASS ? null : label));
  return item;
}

function showComparison(comparison) {
  find("comparison").hidden = !comparison;
  const note = comparison?.samples?.note ?? "";
  find("comparison-note").textContent = note && `${note[0].toUpperCase()}${note.slice(1)}.`;
  if (!comparison) return;
  const { held_out: held, samples } = comparison;
  const rows = [[`${held.name ?? "Held-out images"}`, held], ["Your samples", samples]];
  if (samples?.held_out) rows.push(["Your held-out samples", samples.held_out]);
  const head = make("tr", {}, ...["", "before", "after", "difference"].map((text) =>
    text ? make("th", { scope: "col" }, text) : make("td")));
  find("comparison").firstElementChild.replaceChildren(
    make("thead", {}, head), make("tbody", {}, ...rows.filter(([, row]) => row).map(([name, row]) => comparisonRow(name, row))));
}

function comparisonRow(name, { n, before, after, difference }) {
  const score = (value) => make("td", {}, accuracyText(value), make("span", { className: "interval" }, intervalText(value)));
  const change = difference ?? { value: after.value - before.value };
  return make("tr", {}, make("th", { scope: "row" }, name, make("span", { className: "interval" }, count(n, "image"))),
    score(before), score(after), make("td", {}, points(change.value),
      make("span", { className: "interval" }, difference ? `${points(change.low)} to ${points(change.high)}` : "")));
}

/** A difference of accuracies in percentage points, with its sign. */
function points(value) {
  const text = Math.abs(100 * value).toFixed(2);
  return Number(text) ? `${value < 0 ? "−" : "+"}${text}` : "0.00";
}
