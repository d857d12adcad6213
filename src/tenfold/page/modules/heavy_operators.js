// The operators that take the time: convolution, pooling and products of matrices.

import { axisOf, broadcastShape, count, expand, tensor } from "./tensors.js";

/** Sizes of a sliding window: of the input, kernel, result, and its strides, dilations and start. */
function slide({ shape }, kernel, { strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0] }) {
  const size = shape.slice(2);
  const result = size.map((side, i) =>
    Math.floor((side + pads[i] + pads[i + 2] - dilations[i] * (kernel[i] - 1) - 1) / strides[i]) + 1);
  return { size, kernel, result, strides, dilations, pads };
}

/** The patches of some channels as rows [positions, channels * kernel]; padding is 0. */
function patches(data, first, channels, { size: [height, width], kernel, result, strides, dilations, pads }) {
  const length = channels * kernel[0] * kernel[1];
  const rows = new Float32Array(result[0] * result[1] * length);
  let at = 0;
  for (let y = 0; y < result[0]; y++) {
    for (let x = 0; x < result[1]; x++) {
      for (let channel = first; channel < first + channels; channel++) {
        for (let ky = 0; ky < kernel[0]; ky++) {
          const row = y * strides[0] - pads[0] + ky * dilations[0];
          if (row < 0 || row >= height) { at += kernel[1]; continue; }
          let column = x * strides[1] - pads[1];
          const start = (channel * height + row) * width;
          for (let kx = 0; kx < kernel[1]; kx++, at++, column += dilations[1]) {
            if (column >= 0 && column < width) rows[at] = data[start + column];
          }
        }
      }
    }
  }
  return rows;
}

/** Convolution of [1, channels, height, width], also in groups. */
export function convolution([x, weight, bias], attributes) {
  const [filters, channels, ...kernel] = weight.shape;
  const { group = 1 } = attributes, window = slide(x, kernel, attributes);
  const positions = count(window.result), length = channels * count(kernel), perGroup = filters / group;
  const output = tensor([1, filters, ...window.result]);
  for (let g = 0; g < group; g++) {
    const rows = patches(x.data, g * channels, channels, window);
    for (let f = g * perGroup; f < (g + 1) * perGroup; f += 4) {
      correlate(rows, weight.data, output.data, f, Math.min(4, (g + 1) * perGroup - f), positions, length, bias?.data);
    }
  }
  return output;
}

/** Up to four filters at once, so that each element of a patch is read once for all four. */
function correlate(rows, weights, output, first, filters, positions, length, bias) {
  const [w0, w1, w2, w3] = [0, 1, 2, 3].map((i) => (first + Math.min(i, filters - 1)) * length);
  for (let p = 0, at = 0; p < positions; p++) {
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (let k = 0; k < length; k++, at++) {
      const value = rows[at];
      s0 += value * weights[w0 + k];
      s1 += value * weights[w1 + k];
      s2 += value * weights[w2 + k];
      s3 += value * weights[w3 + k];
    }
    const to = first * positions + p;
    output[to] = s0 + (bias ? bias[first] : 0);
    if (filters > 1) output[to + positions] = s1 + (bias ? bias[first + 1] : 0);
    if (filters > 2) output[to + 2 * positions] = s2 + (bias ? bias[first + 2] : 0);
    if (filters > 3) output[to + 3 * positions] = s3 + (bias ? bias[first + 3] : 0);
  }
}

/** Maximum or mean of each window, without its padding. */
export function pooling([x], attributes, kind) {
  const window = slide(x, attributes.kernel_shape, attributes);
  const { size: [height, width], kernel, result, strides, pads, dilations } = window;
  const channels = x.shape[1], output = tensor([1, channels, ...result]);
  let at = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < result[0]; y++) {
      for (let column = 0; column < result[1]; column++, at++) {
        let sum = 0, most = -Infinity, n = 0;
        for (let ky = 0; ky < kernel[0]; ky++) {
          const row = y * strides[0] - pads[0] + ky * dilations[0];
          if (row < 0 || row >= height) continue;
          for (let kx = 0; kx < kernel[1]; kx++) {
            const position = column * strides[1] - pads[1] + kx * dilations[1];
            if (position < 0 || position >= width) continue;
            const value = x.data[(channel * height + row) * width + position];
            sum += value;
            n++;
            if (value > most) most = value;
          }
        }
        output.data[at] = kind === "max" ? most : sum / (attributes.count_include_pad ? count(kernel) : n);
      }
    }
  }
  return output;
}

/** A product of matrices [rows, inner] and [inner, columns], from positions in their data. */
function product(a, aStart, b, bStart, output, start, rows, inner, columns) {
  const sums = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    for (let k = 0; k < inner; k++) {
      const value = a[aStart + row * inner + k];
      if (value === 0) continue;
      for (let column = 0, at = bStart + k * columns; column < columns; column++, at++) sums[column] += value * b[at];
    }
    output.set(sums, start + row * columns);
  }
}

export function matrixProduct([a, b]) {
  const [rows, inner] = a.shape.length > 1 ? a.shape.slice(-2) : [1, ...a.shape];
  const columns = b.shape.length > 1 ? b.shape.at(-1) : 1;
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const [left, right] = [expand(a, [...batch, rows, inner]), expand(b, [...batch, inner, columns])];
  const shape = [...batch, ...(a.shape.length > 1 ? [rows] : []), ...(b.shape.length > 1 ? [columns] : [])];
  const output = tensor(shape);
  for (let i = 0; i < count(batch); i++) {
    product(left.data, i * rows * inner, right.data, i * inner * columns, output.data, i * rows * columns, rows, inner, columns);
  }
  return output;
}

export function dense([x, weight, bias]) {
  const output = matrixProduct([x, weight]);
  if (bias) for (let i = 0; i < output.data.length; i++) output.data[i] += bias.data[i % bias.data.length];
  return output;
}

/** Softmax, or its logarithm, along an axis. */
export function softmax([x], { axis = -1 }, logarithm = false) {
  axis = axisOf(axis, x);
  const size = x.shape[axis], inner = count(x.shape.slice(axis + 1)), output = tensor(x.shape);
  for (let start = 0; start < x.data.length; start += start % (size * inner) === inner - 1 ? 1 + (size - 1) * inner : 1) {
    let most = -Infinity, sum = 0;
    for (let i = 0, at = start; i < size; i++, at += inner) most = Math.max(most, x.data[at]);
    for (let i = 0, at = start; i < size; i++, at += inner) sum += Math.exp(x.data[at] - most);
    for (let i = 0, at = start; i < size; i++, at += inner) {
      const value = x.data[at] - most;
      output.data[at] = logarithm ? value - Math.log(sum) : Math.exp(value) / sum;
    }
  }
  return output;
}
