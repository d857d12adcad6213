// The view Train: start a training with a recipe's knobs, and watch it. Its address reproduces them.

import { get, post, put, remove } from "./api.js";
import { announce, count, find, make, showError } from "./dom.js";
import { learningCurves } from "./learning_curves.js";

const INTERVAL = 1000; // milliseconds between requests during a training
const VIEW = "train";
let choices = null; // as /v1/training/knobs describes them
let training = null, timer = null;

export async function start() {
  choices = await get("/v1/training/knobs");
  find("train-lead").textContent = `A network of your own, on ${choices.data}.`;
  find("train-seeds").max = choices.max_seeds;
  find("train-seeds-help").textContent = `Networks to train at once: from 1 to ${choices.max_seeds}.`;
  find("train-recipe").replaceChildren(...choices.recipes.map(({ name }) => make("option", { value: name }, name)));
  find("train-recipe").addEventListener("change", () => { showKnobs({}); remember(); });
  find("train-form").addEventListener("input", remember);
  find("train-form").addEventListener("submit", (event) => { event.preventDefault(); act(begin).then(() => find("train-result").scrollIntoView({ block: "nearest" })); });
  find("train-stop").addEventListener("click", () => act(() => remove("/v1/training")));
  find("train-answers").addEventListener("click", () => act(() => put("/v1/training/answers", { answers: !training.answers })));
  addEventListener("resize", () => { if (training) showCurves(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });
  restore();
  await poll();
}

/** Show the view; the knobs are those of the address, if it has any. */
export function show() {
  if (!choices) return;
  restore();
  remember();
  poll();
}

// The knobs and the address

const recipe = () => choices.recipes.find(({ name }) => name === find("train-recipe").value);
const inputs = () => [...find("train-knobs").querySelectorAll("input")];
const changed = () => inputs().filter(({ value, defaultValue }) => value.trim() !== defaultValue);

/** Fields for the knobs of the recipe, with its values or others. */
function showKnobs(values) {
  const own = recipe().values;
  const knobs = choices.knobs.filter(({ name }) => name in own);
  find("train-summary").textContent = recipe().summary;
  find("train-knobs").replaceChildren(...knobs.map((knob) => field(knob, own[knob.name], values[knob.name])));
}

function field({ name, help, expected, kind, layers, low, high }, own, given) {
  const id = `knob-${name}`, numeric = kind !== "str" && !layers;
  const input = make("input", {
    id, name, type: numeric ? "number" : "text", defaultValue: own ?? "", autocomplete: "off", spellcheck: false,
    required: own !== null, placeholder: own ?? "default", "aria-describedby": `${id}-help`,
  });
  if (numeric) {
    Object.assign(input, { step: kind === "int" ? 1 : "any", min: low ?? "", max: high ?? "" });
  }
  if (given !== undefined) input.value = given;
  const atMost = layers ? `, up to ${choices.max_layers} layers` : "";
  const title = name.replaceAll("_", " ");
  return make("div", { className: "field" }, make("label", { for: id }, title[0].toUpperCase() + title.slice(1)), input,
    make("p", { id: `${id}-help`, className: "muted small" }, `${help.replace(/\.$/, "")}: ${expected}${atMost}.`));
}

/** Write the knobs that differ from the recipe into the address. */
function remember() {
  const state = new URLSearchParams({ recipe: recipe().name });
  for (const { name, value } of changed()) state.set(name, value.trim());
  if (find("train-seeds").value !== "1") state.set("seeds", find("train-seeds").value);
  history.replaceState(null, "", `#${VIEW}?${state}`);
}

/** Set the knobs from the address; without any, from the last training. */
function restore() {
  const [view, query] = location.hash.slice(1).split("?");
  const given = view === VIEW && query !== undefined ? Object.fromEntries(new URLSearchParams(query)) : null;
  if (!given && find("train-knobs").children.length) return;
  const wanted = given?.recipe ?? "quick";
  if (choices.recipes.some(({ name }) => name === wanted)) find("train-recipe").value = wanted;
  else showError(`The address names the recipe “${wanted}”, which does not exist.`);
  find("train-seeds").value = given?.seeds ?? "1";
  showKnobs(given ?? {});
}

// The training

function begin() {
  const changes = Object.fromEntries(changed().map(({ name, value }) => [name, value.trim()]));
  return post("/v1/training", {
    recipe: recipe().name, changes, seeds: find("train-seeds").valueAsNumber, answers: find("train-answer-live").checked,
  });
}

/** Do something to the training and show the result. */
async function act(action) {
  try {
    showTraining(await action());
    showError();
  } catch (error) {
    showError(error.message);
  }
}

async function poll() {
  clearTimeout(timer);
  try {
    showTraining(await get("/v1/training"));
  } catch (error) {
    showError(error.message);
    schedule();
  }
}

function schedule() {
  clearTimeout(timer);
  if (training?.state === "running" && !document.hidden) timer = setTimeout(poll, INTERVAL);
}

function showTraining(response) {
  const before = training;
  training = response;
  const running = training.state === "running", finished = training.state === "finished";
  if (before && before.answers !== training.answers) document.dispatchEvent(new Event("version"));
  const text = statusText(training);
  find("train-result").hidden = training.state === "idle";
  if (before && before.state !== training.state) announce(text, 100);
  find("train-status").textContent = text;
  find("train-status").classList.toggle("failed", training.state === "failed");
  find("train-progress").hidden = !running;
  const bar = find("train-bar");
  if (training.epoch) [bar.max, bar.value] = [training.epochs, training.epoch];
  else bar.removeAttribute("value");
  find("train-start").disabled = running;
  find("train-stop").hidden = !running;
  find("train-answers").hidden = !(running || finished);
  find("train-answers").textContent = training.answers ? "Back to the served model" : "Let it answer";
  showCurves();
  schedule();
}

function statusText({ state, recipe: name, seeds, epoch, epochs, seconds, left, error, run, answers }) {
  const networks = seeds > 1 ? `, ${seeds} networks` : "";
  const draw = answers ? " It answers the drawing." : "";
  switch (state) {
    case "running": {
      const phase = epochs === null ? "preparing" : `${epoch} of ${count(epochs, "epoch")} done`;
      const time = epoch === epochs && epochs ? ", finishing" : left === null ? "" : `, about ${duration(left)} left`;
      return `Training ${name}${networks}: ${phase}${time}, ${duration(seconds)} so far.${draw}`;
    }
    case "finished": return `Finished ${name}${networks} after ${count(epoch, "epoch")}, ${duration(seconds)}.${draw} Saved in ${run}.`;
    case "failed": return `The training of ${name} failed: ${error}`;
    case "cancelled": return `Stopped after ${count(epoch, "epoch")}.${run ? ` tenfold train --resume ${run} continues it.` : ""}`;
    default: return "";
  }
}

const duration = (seconds) => (seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`);

function showCurves() {
  const { history, state, epochs } = training;
  find("train-curves").hidden = !history.length;
  if (history.length && !find(VIEW).hidden) learningCurves(find("train-curves"), history, state === "running" ? epochs : 1);
}
