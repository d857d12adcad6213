// A photo to try: digits in ink on paper that is lit from one side.

import { EXAMPLES } from "./examples.js";

const WIDTH = 960, HEIGHT = 640;

/** Make the photo; returns its bitmap and its file. */
export async function examplePhoto() {
  const canvas = new OffscreenCanvas(WIDTH, HEIGHT), context = canvas.getContext("2d");
  const light = context.createLinearGradient(0, 0, WIDTH, HEIGHT);
  light.addColorStop(0, "#f3ecdc");
  light.addColorStop(1, "#b9b0a0");
  context.fillStyle = light;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.translate(WIDTH / 2, HEIGHT / 2);
  context.rotate(-0.05);
  Object.assign(context, { strokeStyle: "#26355e", lineCap: "round", lineJoin: "round", lineWidth: 13 });
  for (const { points } of new Map(EXAMPLES).get("2026")) {
    context.beginPath();
    for (const [x, y] of points) context.lineTo(0.75 * WIDTH * x, 0.75 * WIDTH * y);
    context.stroke();
  }
  return [await createImageBitmap(canvas), await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 })];
}
