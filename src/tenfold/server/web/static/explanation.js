// The explanation of a prediction: an evidence map, and the nearest training images.

import { REJECT_CLASS, png, post } from "./api.js";
import { find, make, pngUrl, tile } from "./dom.js";

const MAX_OPACITY = 0.85;
let current = null, pending = null;

document.addEventListener("version", () => { current = null; });

/** Explain the prediction of a digit, or clear the explanation. A newer call aborts an older one. */
export async function explain(digit) {
  if (digit?.image === current) return;
  current = digit?.image ?? null;
  find("why").textContent = "why";
  pending?.abort();
  if (!digit) {
    showBody(false);
    return;
  }
  find("evidence").classList.add("pending"); // of another image
  pending = new AbortController();
  try {
    const label = encodeURIComponent(digit.label ?? REJECT_CLASS);
    show(digit, await post(`/v1/explain?label=${label}`, png(digit.image), { signal: pending.signal }));
  } catch (error) {
    if (error.name === "AbortError") return;
    showBody(false);
    find("explanation-empty").textContent = error.message;
    current = null;
  }
}

function showBody(visible) {
  find("evidence").classList.toggle("pending", !visible);
  find("explanation-body").hidden = !visible;
  find("explanation-empty").hidden = visible;
}

function show(digit, { evidence, nearest }) {
  showBody(true);
  const map = find("evidence");
  map.querySelector("img").src = pngUrl(digit.image);
  paint(map.querySelector("canvas"), evidence.rows);
  const name = evidence.label;
  map.querySelector("img").hidden = false;
  find("why").textContent = `why ${name}`;
  const region = strongestRegion(evidence.rows);
  map.setAttribute("aria-label", `Evidence for ${name}: ${region ? `strongest at the ${region}` : "none"}`);
  find("evidence-text").textContent = region
    ? `Evidence for ${name}: cover the ${region}, and it looks less like ${name}.`
    : `Evidence for ${name}: no spot alone decides.`;
  find("evidence-number").textContent = evidence.strongest === undefined
    ? "" : ` The largest change here is ${evidence.strongest.toFixed(1)} nats.`;
  find("neighbours").replaceChildren(...nearest.map(({ label, distance, index, image }) => tile(
    pngUrl(image), `Training image ${index}: ${label}`,
    make("p", {}, make("b", {}, label), make("span", { className: "muted" }, ` ${distance.toFixed(2)}`)),
  )));
}

function paint(canvas, rows) {
  canvas.width = rows[0].length;
  canvas.height = rows.length;
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim().split(/\s+/).map(Number);
  const [against, inFavour] = [colour("--against"), colour("--for")];
  rows.flat().forEach((value, i) => {
    image.data.set([...(value > 0 ? inFavour : against), 255 * MAX_OPACITY * Math.abs(value)], 4 * i);
  });
  context.putImageData(image, 0, 0);
}

/** Name the ninth of the image with the strongest evidence for the prediction, or "" without any. */
function strongestRegion(rows) {
  const names = [["top left", "top", "top right"], ["left", "center", "right"], ["bottom left", "bottom", "bottom right"]];
  const third = (i, n) => Math.min(2, Math.floor((3 * i) / n));
  let best = [0, 0, 0];
  rows.forEach((row, y) => row.forEach((value, x) => { if (value > best[0]) best = [value, y, x]; }));
  return best[0] ? names[third(best[1], rows.length)][third(best[2], rows[0].length)] : "";
}
