// Bitmaps { width, height, data } of ink: 1 where there is ink, else 0. Resizing, distances, skeletons.

export const bitmap = (width, height, data = new Uint8Array(width * height)) => ({ width, height, data });

/** Round halves to the even number, as Python does. */
export function roundEven(x) {
  const low = Math.floor(x), rest = x - low;
  return rest < 0.5 || (rest === 0.5 && low % 2 === 0) ? low : low + 1;
}

/** Add a margin of background. */
export function padded({ width, height, data }, margin) {
  const result = bitmap(width + 2 * margin, height + 2 * margin);
  for (let y = 0; y < height; y++) {
    result.data.set(data.subarray(y * width, (y + 1) * width), (y + margin) * result.width + margin);
  }
  return result;
}

/** Left, top, right and bottom of the ink, or null without ink. */
export function inkBox({ width, height, data }) {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (data[i] <= 0) continue;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
      if (y < top) top = y;
      bottom = y + 1;
    }
  }
  return right ? [left, top, right, bottom] : null;
}

export function cropped({ width, data }, [left, top, right, bottom]) {
  const result = bitmap(right - left, bottom - top, new data.constructor((right - left) * (bottom - top)));
  for (let y = top; y < bottom; y++) {
    result.data.set(data.subarray(y * width + left, y * width + right), (y - top) * result.width);
  }
  return result;
}

const UNIT = 2 ** 22; // weights are integers, as Pillow's
const roundAway = (x) => Math.trunc(x + Math.sign(x) / 2);

/** Bicubic weights of each result pixel: its first source pixel and the weights from there. */
function bicubic(from, to) {
  const scale = from / to, stretch = Math.max(scale, 1), support = 2 * stretch;
  const kernel = (x) => {
    x = Math.abs(x);
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
  };
  return Array.from({ length: to }, (_, i) => {
    const center = (i + 0.5) * scale;
    const first = Math.max(0, Math.floor(center - support + 0.5)), end = Math.min(from, Math.floor(center + support + 0.5));
    const weights = Array.from({ length: end - first }, (_, k) => kernel((k + first - center + 0.5) / stretch));
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((weight) => roundAway((weight / sum) * UNIT)) };
  });
}

/** Resize rows of levels 0 to 255. */
function resizedRows({ width, height, data }, newWidth) {
  const result = bitmap(newWidth, height);
  bicubic(width, newWidth).forEach(({ first, weights }, x) => {
    for (let y = 0; y < height; y++) {
      let sum = UNIT / 2;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * data[y * width + first + k];
      result.data[y * newWidth + x] = Math.max(0, Math.min(255, Math.floor(sum / UNIT)));
    }
  });
  return result;
}

function transposed({ width, height, data }) {
  const result = bitmap(height, width);
  for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) result.data[x * height + y] = data[i];
  return result;
}

/** Resize levels 0 to 255 as Pillow 13 does with BICUBIC: rows first, or columns in high images. */
export function resized(levels, width, height) {
  const columns = (image) => transposed(resizedRows(transposed(image), height));
  return levels.height > 2 * levels.width ? resizedRows(columns(levels), width) : columns(resizedRows(levels, width));
}

/** Euclidean distance of each pixel to the nearest one whose value is `target` (Felzenszwalb and Huttenlocher, 2012). */
export function distances({ width, height, data }, target) {
  const far = 1e9, squares = Float64Array.from(data, (value) => (Boolean(value) === Boolean(target) ? 0 : far));
  const longest = Math.max(width, height);
  const line = new Float64Array(longest), apexes = new Int32Array(longest), bounds = new Float64Array(longest + 1);
  const transform = (start, step, n) => {
    for (let i = 0; i < n; i++) line[i] = squares[start + i * step];
    let k = 0;
    apexes[0] = 0;
    bounds[0] = -Infinity;
    bounds[1] = Infinity;
    for (let q = 1; q < n; q++) {
      let crossing;
      do {
        const v = apexes[k];
        crossing = (line[q] + q * q - line[v] - v * v) / (2 * q - 2 * v);
      } while (crossing <= bounds[k] && --k >= 0);
      apexes[++k] = q;
      bounds[k] = crossing;
      bounds[k + 1] = Infinity;
    }
    for (let q = 0, i = 0; q < n; q++) {
      while (bounds[i + 1] < q) i++;
      squares[start + q * step] = (q - apexes[i]) ** 2 + line[apexes[i]];
    }
  };
  for (let x = 0; x < width; x++) transform(x, width, height);
  for (let y = 0; y < height; y++) transform(y * width, 1, width);
  return squares.map(Math.sqrt);
}

/** Passes, 1 the first and 2 the second, that remove a pixel, by its neighbours as bits: north first, clockwise. */
const REMOVAL = Array.from({ length: 256 }, (_, bits) => {
  const around = Array.from({ length: 8 }, (_, i) => (bits >> i) & 1);
  const n = around.reduce((sum, value) => sum + value, 0);
  const rises = around.filter((value, i) => !value && around[(i + 1) % 8]).length;
  if (n < 2 || n > 6 || rises !== 1) return 0;
  const [north, , east, , south, , west] = around;
  return Number(!(east && south && (north || west))) + 2 * Number(!(north && west && (east || south)));
});

/** Thin the ink to lines one pixel wide (Zhang and Suen, 1984). */
export function skeleton(ink) {
  const result = padded(ink, 1), { width, height, data } = result;
  const ring = [-width, -width + 1, 1, width + 1, width, width - 1, -1, -width - 1]; // north, clockwise
  let left = [];
  for (let i = 0; i < data.length; i++) if (data[i]) left.push(i);
  for (let removed = true; removed;) {
    removed = false;
    for (const pass of [1, 2]) {
      const gone = left.filter((i) => {
        let bits = 0;
        for (let k = 0; k < 8; k++) bits |= data[i + ring[k]] << k;
        return REMOVAL[bits] & pass;
      });
      for (const i of gone) data[i] = 0;
      if (gone.length) left = left.filter((i) => data[i]);
      removed ||= gone.length > 0;
    }
  }
  return cropped(result, [1, 1, width - 1, height - 1]);
}
