// The 28x28 image that a network sees of a digit, as `tenfold.handwriting.mnist_crop` makes it.

import { bitmap, cropped, distances, inkBox, padded, resized, roundEven, skeleton } from "./bitmap.js";

export const SIDE = 28;
const BOX = 20, FOOTPRINT = 0.99;
const MIN_STROKE = 1.9, MAX_STROKE = 4.2; // pixels of the 20x20 box
const NORMALIZED_HEIGHT = 80; // pixels at which the stroke width is normalized

/** The image of a digit from its ink, bytes [28 * 28]: light on dark, upright, centred. */
export function digitImage(ink) {
  const factor = NORMALIZED_HEIGHT / Math.max(ink.width, ink.height);
  if (factor <= 0.7 || factor >= 1.5) {
    const large = padded(ink, 2);
    large.data = large.data.map((value) => 255 * value);
    const size = [large.width, large.height].map((side) => Math.max(1, roundEven(side * factor)));
    const levels = resized(large, ...size);
    const threshold = Math.min(127, Math.floor(levels.data.reduce((a, b) => Math.max(a, b), 0) / 2));
    ink = { ...levels, data: levels.data.map((level) => Number(level > threshold)) };
  }
  return mnistImage(normalizedStroke(ink));
}

/** Twice the median distance of the skeleton from the edge. */
export function strokeWidth(ink) {
  const large = padded(ink, 1), line = skeleton(large).data, edge = distances(large, 0);
  const on = edge.filter((_, i) => line[i]).sort();
  const middle = on.length >> 1;
  return on.length ? (on.length % 2 ? 2 * on[middle] : on[middle - 1] + on[middle]) - 0.5 : 1;
}

function normalizedStroke(ink) {
  const width = strokeWidth(ink), [left, top, right, bottom] = inkBox(ink);
  const middle = Math.max(Math.max(right - left, bottom - top) - width, 1);
  const [low, high] = [MIN_STROKE, MAX_STROKE].map((stroke) => (middle * stroke) / (BOX - stroke));
  const target = Math.min(Math.max(width, low), high), change = (target - width) / 2;
  if (Math.abs(change) < 0.5) return ink;
  const large = padded(ink, Math.floor(Math.abs(change)) + 2);
  if (change > 0) {
    const away = distances(large, 1);
    return { ...large, data: large.data.map((_, i) => Number(away[i] <= change + 0.5)) };
  }
  const fromSkeleton = distances(skeleton(large), 1), edge = distances(large, 0);
  return { ...large, data: large.data.map((value, i) => Number(value && (fromSkeleton[i] <= target / 2 || edge[i] > -change))) };
}

/** Pad to a square, resample by area to 20x20, and centre by mass in 28x28. */
function mnistImage(ink) {
  const square = paddedSquare(cropped(ink, inkBox(ink)));
  const weights = resampling(square.width);
  const rows = new Float64Array(BOX * square.width), levels = new Float64Array(BOX * BOX);
  for (let y = 0; y < BOX; y++) {
    for (let k = 0; k < square.width; k++) {
      const weight = weights[y][k];
      if (weight) for (let x = 0; x < square.width; x++) rows[y * square.width + x] += weight * square.data[k * square.width + x];
    }
  }
  for (let y = 0; y < BOX; y++) {
    for (let x = 0; x < BOX; x++) {
      for (let k = 0; k < square.width; k++) levels[y * BOX + x] += rows[y * square.width + k] * weights[x][k];
    }
  }
  const most = levels.reduce((a, b) => Math.max(a, b));
  return centred(levels.map((level) => roundEven((level * 255) / most)));
}

function paddedSquare(ink) {
  const side = Math.max(ink.width, ink.height, 10), square = bitmap(side, side);
  const [top, left] = [side - ink.height, side - ink.width].map((rest) => Math.floor(rest / 2));
  for (let y = 0; y < ink.height; y++) {
    square.data.set(ink.data.subarray(y * ink.width, (y + 1) * ink.width), (top + y) * side + left);
  }
  return side < BOX ? doubled(square) : square;
}

function doubled(source) {
  const { width } = source, twice = bitmap(2 * width, 2 * width);
  for (let i = 0; i < twice.data.length; i++) {
    const [x, y] = [i % twice.width, Math.floor(i / twice.width)];
    twice.data[i] = source.data[(y >> 1) * width + (x >> 1)];
  }
  return twice;
}

/** The share of each of `side` pixels in each of 20. */
function resampling(side) {
  const half = (FOOTPRINT * side) / BOX / 2;
  return Array.from({ length: BOX }, (_, i) => {
    const center = ((i + 0.5) * side) / BOX;
    return Array.from({ length: side }, (_, pixel) =>
      Math.max(0, Math.min(center + half, pixel + 1) - Math.max(center - half, pixel)) / (2 * half));
  });
}

function centred(digit) {
  let weight = 0, sumX = 0, sumY = 0;
  digit.forEach((level, i) => {
    weight += level;
    sumX += level * ((i % BOX) + 0.5);
    sumY += level * (Math.floor(i / BOX) + 0.5);
  });
  const [left, top] = [sumX, sumY].map((sum) => Math.trunc(15 - sum / weight));
  const image = new Uint8Array(SIDE * SIDE);
  digit.forEach((level, i) => {
    const [x, y] = [(i % BOX) + left, Math.floor(i / BOX) + top];
    if (x >= 0 && x < SIDE && y >= 0 && y < SIDE) image[y * SIDE + x] = level;
  });
  return image;
}

/** An image as a network was trained: transposed, mirrored, upside down or dark on light. */
export function seenAs(image, { transpose, mirror, upend, invert }) {
  return image.map((_, i) => {
    let [x, y] = [i % SIDE, Math.floor(i / SIDE)];
    if (mirror) x = SIDE - 1 - x;
    if (upend) y = SIDE - 1 - y;
    const level = image[transpose ? x * SIDE + y : y * SIDE + x];
    return invert ? 255 - level : level;
  });
}
