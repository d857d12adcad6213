// A picture as a whole, for models of other images than of one digit: brought to their size and classified.

import { post } from "./api.js";

/** The answer of /v1/predict as /v1/read has it: of one component, the picture. */
export async function classifyPicture(model, blob, invert, signal) {
  const bitmap = await createImageBitmap(blob);
  const canvas = scaled(bitmap, ...model.image_shape);
  if (invert) {
    const context = canvas.getContext("2d");
    context.globalCompositeOperation = "difference";
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  const file = await canvas.convertToBlob({ type: "image/png" });
  const { answers: [answer] } = await post(`/v1/predict?top=${model.class_names.length}`, file, { signal });
  const { labels } = answer;
  if (labels) Object.assign(answer, { label: labels.join(", "), accepted: true });
  const text = labels ? labels.join("\n") || "no label" : (answer.accepted && answer.label) || "";
  const image = btoa(String.fromCharCode(...new Uint8Array(await file.arrayBuffer())));
  const size = [bitmap.width, bitmap.height];
  return { digits: [{ ...answer, box: [0, 0, ...size], image }], others: [], text, size, turned: 0 };
}

/** The picture in a size; what its proportions leave free has the median colour of its border. */
function scaled(bitmap, height, width) {
  const scale = Math.min(width / bitmap.width, height / bitmap.height);
  const [w, h] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = new OffscreenCanvas(width, height), context = canvas.getContext("2d", { willReadFrequently: true });
  const [x, y] = [(width - w) >> 1, (height - h) >> 1];
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, x, y, w, h);
  const { data } = context.getImageData(x, y, w, h), border = [[], [], []];
  for (let i = 0; i < w * h; i++) {
    if (i % w && i % w < w - 1 && i >= w && i < w * (h - 1)) continue;
    border.forEach((values, channel) => values.push(data[4 * i + channel]));
  }
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = `rgb(${border.map((values) => values.sort((a, b) => a - b)[values.length >> 1])})`;
  context.fillRect(0, 0, width, height);
  return canvas;
}
