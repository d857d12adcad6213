// Why: where the evidence for an answer lies, and the nearest training images.

import { png, post } from "./api.js";
import { find, make, source, tile } from "./dom.js";

const STRONGEST = 0.85; // opacity
let current = null, going = null;

document.addEventListener("version", () => { current = null; });

/** Explain the answer to a digit; nothing for none. The last one asked for wins. */
export async function explain(digit) {
  if (digit?.image === current) return;
  current = digit?.image ?? null;
  going?.abort();
  if (!digit) {
    find("why-found").hidden = true;
    find("why-none").hidden = false;
    return;
  }
  going = new AbortController();
  try {
    show(digit, await post("/v1/explain", png(digit.image), { signal: going.signal }));
  } catch (error) {
    if (error.name === "AbortError") return;
    find("why-found").hidden = true;
    find("why-none").hidden = false;
    find("why-none").textContent = error.message;
    current = null;
  }
}

function show(digit, { answer, evidence, nearest }) {
  find("why-found").hidden = false;
  find("why-none").hidden = true;
  const place = find("evidence");
  place.querySelector("img").src = source(digit.image);
  paint(place.querySelector("canvas"), evidence.rows);
  const name = answer.label ?? "no digit";
  place.setAttribute("aria-label", `Evidence for ${name}: ${where(evidence.rows)}`);
  find("evidence-says").textContent = evidence.strongest === undefined
    ? `Evidence for ${name}.`
    : `Evidence for ${name}; the strongest place changes the log odds by ${evidence.strongest.toFixed(1)}.`;
  find("near").replaceChildren(...nearest.map(({ label, distance, index, image }) => tile(
    source(image), `Training image ${index}: ${label}`,
    make("p", {}, make("b", {}, label), make("span", { className: "quiet" }, ` ${distance.toFixed(2)}`)),
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
    image.data.set([...(value > 0 ? inFavour : against), 255 * STRONGEST * Math.abs(value)], 4 * i);
  });
  context.putImageData(image, 0, 0);
}

/** In words, which ninth of the image speaks most for the answer. */
function where(rows) {
  const names = [["top left", "top", "top right"], ["left", "middle", "right"], ["bottom left", "bottom", "bottom right"]];
  const third = (i, n) => Math.min(2, Math.floor((3 * i) / n));
  let best = [0, 0, 0];
  rows.forEach((row, y) => row.forEach((value, x) => { if (value > best[0]) best = [value, y, x]; }));
  if (!best[0]) return "none found";
  return `strongest at the ${names[third(best[1], rows.length)][third(best[2], rows[0].length)]}`;
}
