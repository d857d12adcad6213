// The view Model: the active model, its accuracy, and its versions.

import { get, post } from "./api.js";
import { accuracyText, announce, button, find, headlineText, intervalText, make, showError } from "./dom.js";

export function start() {
  document.addEventListener("version", () => { if (!find("model").hidden) show(); });
}

export async function show() {
  try {
    const [model, { versions }] = await Promise.all([get("/v1/model"), get("/v1/versions")]);
    showCard(model);
    find("versions").replaceChildren(heads(), make("tbody", {}, ...versions.toReversed().map(row)));
  } catch (error) {
    showError(error.message);
  }
}

function showCard(model) {
  const { headline } = model;
  const committee = (model.scores.test ?? model.scores.validation)?.accuracy;
  find("model-lead").textContent = `${model.recipe?.name ?? model.name}, version ${model.version}`;
  find("model-accuracy").textContent = headline ? accuracyText(headline) : "";
  find("model-spread").textContent = headline ? headlineText(headline) : "";
  const threshold = model.threshold;
  const facts = {
    Committee: headline?.sd != null && committee
      ? `${accuracyText(committee)} (${intervalText(committee)}), all ${headline.networks} networks together, which answer here` : "",
    Classes: model.class_names.join(", "),
    Images: `${model.image_shape.slice(0, 2).join(" × ")} pixels, ${model.image_shape.length === 3 ? "in colour" : "grey"}`,
    Threshold: threshold ? `${(100 * threshold.value).toFixed(1)} % confidence; below it the answer is “I don’t know”` : "none",
    Size: `${Math.round(model.bytes / 1024).toLocaleString("en")} KiB`,
    Source: model.source === "shipped" ? "packaged with tenfold" : model.source,
  };
  find("card").replaceChildren(...Object.entries(facts).filter(([, value]) => value).flatMap(([name, value]) =>
    [make("dt", {}, name), make("dd", {}, String(value))]));
}

const heads = () => make("thead", {}, make("tr", {}, ...["Version", "created", "from", ""].map((text) =>
  text ? make("th", { scope: "col", className: "text" }, text) : make("td"))));

function row({ version, made, source, current }) {
  const action = current
    ? make("span", { className: "mark" }, "active")
    : button("Activate", () => activate(version), { "aria-label": `Activate version ${version}` });
  return make("tr", {}, make("th", { scope: "row", className: "text" }, String(version)),
    make("td", { className: "text" }, made ? made.slice(0, 16).replace("T", " ") : ""),
    make("td", { className: "text" }, source ?? ""), make("td", {}, action));
}

async function activate(version) {
  try {
    await post(`/v1/versions/${version}/activate`);
    document.dispatchEvent(new Event("version"));
    announce(`Version ${version} is active`, 100);
    find("main").focus();
  } catch (error) {
    showError(error.message);
  }
}
