// The digits of a drawing: connected components of ink, joined where they belong to one digit.
//
// The steps of `tenfold.handwriting.segmentation`, without its cutting of digits that touch.

import { bitmap, padded } from "./bitmap.js";
import { strokeWidth } from "./digit_image.js";

const MIN_RELATIVE_HEIGHT = 0.28, MIN_HEIGHT = 8; // of the typical height; pixels

/** The digits of a drawing, each { ink, box } with box as left, top, right, bottom; unordered. */
export function findDigits(drawing) {
  const found = connected(drawing).filter(({ pixels }) => pixels.length >= 8);
  if (found.length < 2) return found.map(digitOf);
  const pen = strokeWidth(reduced(drawing)) * reduction(drawing), height = typicalHeight(found);
  const joined = join(found, height, pen);
  const least = joined.length > 1 ? Math.max(MIN_RELATIVE_HEIGHT * height, MIN_HEIGHT) : 0;
  const high = joined.filter(({ box }) => box[3] - box[1] > least);
  return (high.length ? high : joined).map(digitOf);
}

function digitOf({ pixels, box }) {
  const [left, top, right, bottom] = box, ink = bitmap(right - left, bottom - top);
  for (const [x, y] of pixels) ink.data[(y - top) * ink.width + x - left] = 1;
  return { ink, box };
}

const reduction = ({ width, height }) => Math.max(1, Math.floor(Math.max(width, height) / 200));

/** Every n-th pixel, which is enough to measure the pen. */
function reduced(ink) {
  const step = reduction(ink), small = bitmap(Math.ceil(ink.width / step), Math.ceil(ink.height / step));
  for (let i = 0; i < small.data.length; i++) {
    small.data[i] = ink.data[Math.floor(i / small.width) * step * ink.width + (i % small.width) * step];
  }
  return small;
}

/** Components by 8-connectivity: their pixels [x, y], those at an edge, and their box. */
function connected(drawing) {
  const { width, height, data } = padded(drawing, 1), left = data.slice(), found = [];
  const ring = [-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1];
  for (let start = 0; start < data.length; start++) {
    if (!left[start]) continue;
    const stack = [start], pixels = [], edge = [], box = [width, height, 0, 0];
    left[start] = 0;
    while (stack.length) {
      const i = stack.pop(), x = (i % width) - 1, y = Math.floor(i / width) - 1;
      if (x < box[0]) box[0] = x;
      if (y < box[1]) box[1] = y;
      if (x >= box[2]) box[2] = x + 1;
      if (y >= box[3]) box[3] = y + 1;
      pixels.push([x, y]);
      let ink = 0;
      for (let k = 0; k < 8; k++) {
        const next = i + ring[k];
        ink += data[next];
        if (!left[next]) continue;
        left[next] = 0;
        stack.push(next);
      }
      if (ink < 8) edge.push([x, y]);
    }
    found.push({ pixels, edge, box });
  }
  return found;
}

/** The median height, weighted by ink. */
function typicalHeight(found) {
  const sorted = found.map(({ pixels, box }) => [box[3] - box[1], pixels.length]).sort((a, b) => a[0] - b[0]);
  const half = sorted.reduce((sum, [, ink]) => sum + ink, 0) / 2;
  let sum = 0;
  return sorted.find(([, ink]) => (sum += ink) >= half)[0];
}

/** Join fragments of one digit: broken strokes, separate bars and crossing strokes. */
function join(found, height, pen) {
  const reach = Math.max(1.5 * pen, 0.12 * height);
  const joined = [...found].sort((a, b) => b.pixels.length - a.pixels.length);
  for (let i = joined.length - 1; i > 0; i--) {
    const distances = joined.slice(0, i).map((big) => distance(joined[i], big, height, reach));
    const nearest = Math.min(...distances);
    if (nearest > reach) continue;
    const [small] = joined.splice(i, 1), big = joined[distances.indexOf(nearest)];
    big.pixels = big.pixels.concat(small.pixels);
    big.edge = big.edge.concat(small.edge);
    big.box = big.box.map((side, k) => (k < 2 ? Math.min : Math.max)(side, small.box[k]));
  }
  return joined;
}

/** The distance of a fragment from a component that it may belong to, else Infinity; 0 if it is inside, as the eyes of a face. */
function distance(small, big, height, reach) {
  if ([0, 1].every((k) => small.box[k] >= big.box[k] && small.box[k + 2] <= big.box[k + 2])) return 0;
  return mayBelong(small.box, big.box, height) ? gap(small, big, reach) : Infinity;
}

function mayBelong(small, big, height) {
  const shared = (k) => Math.min(small[k + 2], big[k + 2]) - Math.max(small[k], big[k]);
  const joint = (k) => Math.max(small[k + 2], big[k + 2]) - Math.min(small[k], big[k]);
  const side = (box, k) => box[k + 2] - box[k];
  if (joint(1) > 1.5 * height || joint(0) > 1.4 * height) return false;
  const crossing = shared(0) > 0.7 * side(small, 0) && shared(1) > 0.5 * Math.min(side(small, 1), side(big, 1));
  return crossing || (side(small, 1) < 0.6 * height && shared(0) > 0.3 * side(small, 0));
}

/** The distance between the nearest pixels of two components, Infinity beyond the reach of their boxes. */
function gap(a, b, reach) {
  if ([0, 1].some((k) => Math.max(a.box[k] - b.box[k + 2], b.box[k] - a.box[k + 2]) > reach)) return Infinity;
  let least = Infinity;
  for (const [x, y] of a.edge) for (const [u, v] of b.edge) least = Math.min(least, (x - u) ** 2 + (y - v) ** 2);
  return Math.sqrt(least);
}

/** Sort digits into lines from top to bottom, and numbers from left to right: arrays of arrays of digits. */
export function readingOrder(digits) {
  const lines = [];
  for (const digit of [...digits].sort((a, b) => a.box[0] + a.box[2] - b.box[0] - b.box[2])) {
    const matching = lines.filter((line) => {
      const [, top, , bottom] = line.at(-1).box, [, up, , down] = digit.box;
      return Math.min(bottom, down) - Math.max(top, up) > 0.4 * Math.min(bottom - top, down - up);
    });
    const line = matching.sort((a, b) => b.at(-1).box[2] - a.at(-1).box[2])[0];
    if (line) line.push(digit); else lines.push([digit]);
  }
  const middle = (line) => line.reduce((sum, { box }) => sum + box[1] + box[3], 0) / line.length;
  return lines.sort((a, b) => middle(a) - middle(b)).map(numbers);
}

/** Separate the numbers of a line where the pitch of its digits is about twice the usual. */
function numbers(line) {
  const center = ({ box }) => (box[0] + box[2]) / 2, pitches = line.slice(1).map((digit, i) => center(digit) - center(line[i]));
  const heights = line.map(({ box }) => box[3] - box[1]).sort((a, b) => a - b), height = heights[heights.length >> 1];
  const usual = pitches.length > 1 ? [...pitches].sort((a, b) => a - b)[(pitches.length - 1) >> 1] : Infinity;
  const result = [[line[0]]];
  line.slice(1).forEach((digit, i) => {
    const wide = pitches[i] > 1.8 * Math.min(usual, 2 * height) && digit.box[0] - line[i].box[2] > 0.7 * height;
    if (wide) result.push([digit]); else result.at(-1).push(digit);
  });
  return result;
}

/** The ink of a canvas: pixels that are at least half opaque. */
export function inkOf(context) {
  const { width, height } = context.canvas, { data } = context.getImageData(0, 0, width, height);
  const ink = bitmap(width, height);
  for (let i = 0; i < ink.data.length; i++) ink.data[i] = Number(data[4 * i + 3] > 127);
  return ink;
}
