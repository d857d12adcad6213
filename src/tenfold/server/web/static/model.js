// The view Model: what answers, how good it is, and its versions.

import { get, post } from "./api.js";
import { accurate, button, find, make, say, spread, trouble } from "./dom.js";

export function start() {
  document.addEventListener("version", () => { if (!find("model").hidden) show(); });
}

export async function show() {
  try {
    const [model, { versions }] = await Promise.all([get("/v1/model"), get("/v1/versions")]);
    card(model);
    find("versions").replaceChildren(heads(), make("tbody", {}, ...versions.toReversed().map(row)));
  } catch (error) {
    trouble(error.message);
  }
}

function card(model) {
  const split = ["test", "validation"].find((name) => model.scores[name]?.accuracy);
  const score = model.scores[split]?.accuracy;
  find("model-lead").textContent = `${model.recipe?.name ?? model.name}, version ${model.version}`;
  find("model-accuracy").textContent = score ? accurate(score) : "";
  find("model-spread").textContent = score ? `${spread(score)} % of ${score.n.toLocaleString("en")} ${split} images right` : "";
  const sure = model.threshold;
  const facts = {
    Classes: model.class_names.join(", "),
    Images: `${model.image_shape.join(" × ")} pixels, grey`,
    "Answers from": sure ? `${(100 * sure.value).toFixed(1)} % confidence on; below it says “I don’t know”` : "any confidence on",
    Size: `${Math.round(model.bytes / 1024).toLocaleString("en")} KiB`,
    Source: model.source === "shipped" ? "comes with tenfold" : model.source,
  };
  find("card").replaceChildren(...Object.entries(facts).filter(([, value]) => value).flatMap(([name, value]) =>
    [make("dt", {}, name), make("dd", {}, String(value))]));
}

const heads = () => make("thead", {}, make("tr", {}, ...["Version", "made", "from", ""].map((text) =>
  text ? make("th", { scope: "col", className: "text" }, text) : make("td"))));

function row({ version, made, source, current }) {
  const action = current
    ? make("span", { className: "mark" }, "answers now")
    : button("Go back to this", () => activate(version), { "aria-label": `Let version ${version} answer` });
  return make("tr", {}, make("th", { scope: "row", className: "text" }, String(version)),
    make("td", { className: "text" }, made ? made.slice(0, 16).replace("T", " ") : ""),
    make("td", { className: "text" }, source ?? ""), make("td", {}, action));
}

async function activate(version) {
  try {
    await post(`/v1/versions/${version}/activate`);
    document.dispatchEvent(new Event("version"));
    say(`Version ${version} answers now`, 100);
    find("main").focus();
  } catch (error) {
    trouble(error.message);
  }
}
