// A single digit is read in the page while it is drawn, without a request.

import { get } from "./api.js";
import { make, paint } from "./dom.js";
import { Network } from "./network.js";
import { classify, readDrawing } from "./reading.js";

const MAX_ASPECT = 1.1; // width by height of a digit; wider ones may be several that touch

/** Load the served model into the page; null if the page cannot compute it. */
export async function loadNetwork() {
  const given = await get("/page/model");
  return given?.nodes ? { network: new Network(given), view: given.view } : null;
}

/** Read one digit, as /v1/read describes it; null for what the service reads better: several digits, or a doubtful one. */
export function readSingleDigit(model, area) {
  const raster = area.photo ? null : area.raster();
  const found = raster ? readDrawing(raster).digits : [];
  if (found.length !== 1) return null;
  const [{ ink, box, image }] = found, answer = classify(model, image);
  const isClear = answer.accepted && ink.width <= MAX_ASPECT * ink.height;
  if (!isClear && !area.drawing) return null;
  const one = {
    label: answer.rejected ? null : answer.label, confidence: answer.probability, accepted: answer.accepted,
    top: answer.ranked, box, image: base64Of(image),
  };
  const size = [raster.context.canvas.width, raster.context.canvas.height];
  const [digits, others] = answer.rejected ? [[], [one]] : [[one], []];
  return { raster, response: { digits, others, text: answer.rejected ? "" : answer.text, size, turned: 0 } };
}

/** An image as PNG in base64. */
function base64Of(image) {
  const canvas = make("canvas", { width: 28, height: 28 });
  paint(canvas, image);
  return canvas.toDataURL().split(",")[1];
}
