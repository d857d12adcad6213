// The operators of ONNX that the exporter writes, for one image: (inputs, attributes) => tensor.

import { convolution, dense, matrixProduct, pooling, softmax } from "./heavy_operators.js";
import { axisOf, broadcastShape, count, elementwise, expand, strided, stridesOf, tensor } from "./tensors.js";

/** Apply a function of a number to each element; a loop, since `Float32Array.from` takes 20 times as long. */
const map = (apply) => ([x], attributes) => {
  const output = tensor(x.shape), { data } = x;
  for (let i = 0; i < data.length; i++) output.data[i] = apply(data[i], attributes);
  return output;
};
const fold = (apply) => ([first, ...rest]) => rest.reduce((sum, next) => elementwise(sum, next, apply), first);
const multiply = (a, b) => a * b, divide = (a, b) => a / b;
const compare = (apply) => fold((a, b) => Number(apply(a, b)));

/** Abramowitz and Stegun, 7.1.26: an error of at most 1.5e-7. */
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - series * Math.exp(-x * x));
}

/** Round to the nearest integer, halves to the even one. */
function round(x) {
  const low = Math.floor(x), rest = x - low;
  return rest < 0.5 || (rest === 0.5 && low % 2 === 0) ? low : low + 1;
}

const INTEGERS = { 2: [0, 255], 3: [-128, 127], 6: [-(2 ** 31), 2 ** 31 - 1], 7: [-Infinity, Infinity] };

function cast([x], { to }) {
  const change = to === 9 ? (value) => Number(value !== 0) : INTEGERS[to] ? Math.trunc : (value) => value;
  return tensor(x.shape, to === 1 ? Float32Array.from(x.data) : Float64Array.from(x.data, change));
}

/** Reduce some axes, given as an attribute or as the second input. */
const reduce = (start, apply, finish = (value) => value) => ([x, given], { axes, keepdims = 1 }) => {
  const chosen = (axes ?? (given ? [...given.data] : x.shape.map((_, axis) => axis))).map((axis) => axisOf(axis, x));
  const strides = stridesOf(x.shape);
  const kept = x.shape.map((_, axis) => axis).filter((axis) => !chosen.includes(axis));
  const shape = [...kept, ...chosen].map((axis) => x.shape[axis]);
  const { data } = strided(x, shape, [...kept, ...chosen].map((axis) => strides[axis]));
  const size = count(chosen.map((axis) => x.shape[axis]));
  const output = tensor(x.shape.flatMap((side, axis) => (chosen.includes(axis) ? (keepdims ? [1] : []) : [side])));
  for (let i = 0, at = 0; i < output.data.length; i++) {
    let value = start;
    for (const end = at + size; at < end; at++) value = apply(value, data[at]);
    output.data[i] = finish(value, size);
  }
  return output;
};

function reshape([x, { data: wanted }]) {
  const shape = [...wanted].map((side, axis) => (side === 0 ? x.shape[axis] : side));
  const known = -count(shape);
  return tensor(shape.map((side) => (side === -1 ? x.data.length / known : side)), x.data);
}

function transpose([x], { perm }) {
  const strides = stridesOf(x.shape);
  return strided(x, perm.map((axis) => x.shape[axis]), perm.map((axis) => strides[axis]));
}

function concat(inputs, { axis }) {
  axis = axisOf(axis, inputs[0]);
  const shape = inputs[0].shape.with(axis, inputs.reduce((sum, { shape: sides }) => sum + sides[axis], 0));
  const outer = count(shape.slice(0, axis)), parts = inputs.map(({ data }) => data.length / outer);
  const output = tensor(shape, new inputs[0].data.constructor(count(shape)));
  for (let o = 0, at = 0; o < outer; o++) {
    inputs.forEach(({ data }, i) => {
      output.data.set(data.subarray(o * parts[i], (o + 1) * parts[i]), at);
      at += parts[i];
    });
  }
  return output;
}

function slice([x, starts, ends, axes, steps]) {
  const shape = [...x.shape], strides = stridesOf(shape);
  let offset = 0;
  starts.data.forEach((start, i) => {
    const axis = axisOf(axes ? axes.data[i] : i, x), side = x.shape[axis], step = steps ? steps.data[i] : 1;
    const bound = (value) => Math.max(step < 0 ? -1 : 0, Math.min(value < 0 ? value + side : value, step < 0 ? side - 1 : side));
    const first = bound(start);
    shape[axis] = Math.max(0, Math.ceil((bound(ends.data[i]) - first) / step));
    offset += first * strides[axis];
    strides[axis] *= step;
  });
  return strided(x, shape, strides, offset);
}

function pad([x, { data: pads }, value]) {
  const rank = x.shape.length, shape = x.shape.map((side, axis) => side + pads[axis] + pads[axis + rank]);
  const output = tensor(shape), strides = stridesOf(shape), inner = stridesOf(x.shape);
  output.data.fill(value?.data[0] ?? 0);
  for (let i = 0; i < x.data.length; i++) {
    let at = 0;
    for (let axis = 0; axis < rank; axis++) {
      const position = (Math.floor(i / inner[axis]) % x.shape[axis]) + pads[axis];
      if (position < 0 || position >= shape[axis]) { at = -1; break; } // negative pads crop
      at += position * strides[axis];
    }
    if (at >= 0) output.data[at] = x.data[i];
  }
  return output;
}

function gather([x, indices], { axis = 0 }) {
  axis = axisOf(axis, x);
  const outer = count(x.shape.slice(0, axis)), inner = count(x.shape.slice(axis + 1)), side = x.shape[axis];
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const output = tensor(shape, new x.data.constructor(count(shape)));
  for (let o = 0, at = 0; o < outer; o++) {
    for (const index of indices.data) {
      const from = (o * side + (index < 0 ? index + side : index)) * inner;
      output.data.set(x.data.subarray(from, from + inner), at);
      at += inner;
    }
  }
  return output;
}

function unsqueeze([x, { data: axes }]) {
  const rank = x.shape.length + axes.length, added = new Set([...axes].map((axis) => (axis + rank) % rank));
  const sides = x.shape.values();
  return tensor(Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : sides.next().value)), x.data);
}

function where([condition, yes, no]) {
  const shape = [condition, yes, no].map((each) => each.shape).reduce(broadcastShape);
  const [which, left, right] = [condition, yes, no].map((each) => expand(each, shape).data);
  return tensor(shape, Float32Array.from(which, (flag, i) => (flag ? left[i] : right[i])));
}

/** Nearest neighbour, with the rounding that the exporter sets. */
function resize([x, , scales]) {
  const shape = x.shape.map((side, axis) => Math.floor(side * scales.data[axis]));
  const strides = stridesOf(shape), inner = stridesOf(x.shape);
  return tensor(shape, Float32Array.from({ length: count(shape) }, (_, i) => x.data[shape.reduce((from, side, axis) =>
    from + Math.floor((Math.floor(i / strides[axis]) % side) / scales.data[axis]) * inner[axis], 0)]));
}

/** To integers; of a product of integers without leaving them, as ONNX Runtime does in one operator. */
function quantize([x, scale, zero]) {
  const [low, high] = INTEGERS[zero?.type ?? 2], middle = zero?.data[0] ?? 0;
  const exact = x.sums ? elementwise(x.sums, elementwise(x.scale, scale, divide), multiply) : elementwise(x, scale, divide);
  return { ...map((value) => Math.max(low, Math.min(high, round(value) + middle)))([exact]), type: zero?.type };
}

/** From integers, which the result keeps as `steps` of a scale. */
function dequantize([x, scale, zero], { axis = 1 }) {
  const shape = x.shape.map((_, i) => (scale.shape.length && i === axisOf(axis, x) ? scale.data.length : 1));
  const perChannel = (given) => tensor(given.data.length > 1 ? shape : [], given.data);
  const steps = zero ? elementwise(x, perChannel(zero), (value, middle) => value - middle) : x;
  return { ...elementwise(steps, perChannel(scale), multiply), steps, scale };
}

/** A product of dequantized inputs: computed of their steps, so that rounding cannot change it. */
const ofSteps = (operator, channels) => (inputs, attributes) => {
  const given = inputs.filter(Boolean);
  if (!given.every(({ steps }) => steps)) return operator(inputs, attributes);
  const [x, weight] = given, sums = operator(inputs.map((each) => each?.steps), attributes);
  const scale = elementwise(tensor(weight.scale.data.length > 1 ? [weight.scale.data.length, ...channels] : [], weight.scale.data), x.scale, multiply);
  return { ...elementwise(sums, scale, multiply), sums, scale };
};

const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const clamp = (x, low, high) => Math.max(low, Math.min(high, x));
const SELU = { alpha: 1.67326319217681884765625, gamma: 1.05070102214813232421875 };

/** By name. `tenfold.export.browser` lists the same names, to refuse others. */
export const OPERATORS = {
  Abs: map(Math.abs), Acos: map(Math.acos), Asin: map(Math.asin), Atan: map(Math.atan), Ceil: map(Math.ceil), Cos: map(Math.cos),
  Cosh: map(Math.cosh), Erf: map(erf), Exp: map(Math.exp), Floor: map(Math.floor), Log: map(Math.log), Neg: map((x) => -x),
  Not: map((x) => Number(!x)), Reciprocal: map((x) => 1 / x), Relu: map((x) => (x > 0 ? x : 0)), Round: map(round), Sigmoid: map(sigmoid),
  Sign: map(Math.sign), Sin: map(Math.sin), Sinh: map(Math.sinh), Sqrt: map(Math.sqrt), Tan: map(Math.tan), Tanh: map(Math.tanh),
  Softplus: map((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))), Softsign: map((x) => x / (1 + Math.abs(x))),
  Celu: map((x, { alpha = 1 }) => Math.max(0, x) + Math.min(0, alpha * Math.expm1(x / alpha))),
  Elu: map((x, { alpha = 1 }) => (x > 0 ? x : alpha * Math.expm1(x))),
  HardSigmoid: map((x, { alpha = 0.2, beta = 0.5 }) => clamp(alpha * x + beta, 0, 1)),
  LeakyRelu: map((x, { alpha = 0.01 }) => (x < 0 ? alpha * x : x)),
  Selu: map((x, { alpha = SELU.alpha, gamma = SELU.gamma }) => gamma * (x > 0 ? x : alpha * Math.expm1(x))),
  Shrink: map((x, { bias = 0, lambd = 0.5 }) => (x < -lambd ? x + bias : x > lambd ? x - bias : 0)),
  Add: fold((a, b) => a + b), Sub: fold((a, b) => a - b), Mul: fold(multiply), Div: fold(divide), Pow: fold(Math.pow),
  Sum: fold((a, b) => a + b), Max: fold(Math.max), Min: fold(Math.min), PRelu: fold((x, slope) => (x < 0 ? slope * x : x)),
  Mean: (inputs) => map((sum) => sum / inputs.length)([fold((a, b) => a + b)(inputs)]),
  And: compare((a, b) => a && b), Or: compare((a, b) => a || b), Equal: compare((a, b) => a === b), Less: compare((a, b) => a < b),
  LessOrEqual: compare((a, b) => a <= b), Greater: compare((a, b) => a > b), GreaterOrEqual: compare((a, b) => a >= b),
  Clip: ([x, low, high]) => map((value) => clamp(value, low?.data[0] ?? -Infinity, high?.data[0] ?? Infinity))([x]),
  ReduceMax: reduce(-Infinity, Math.max), ReduceMin: reduce(Infinity, Math.min), ReduceProd: reduce(1, (a, b) => a * b),
  ReduceSum: reduce(0, (a, b) => a + b), ReduceMean: reduce(0, (a, b) => a + b, (sum, n) => sum / n),
  Cast: cast, Concat: concat, Expand: ([x, { data }]) => expand(x, broadcastShape(x.shape, [...data])), Gather: gather, Identity: ([x]) => x,
  Pad: pad, Reshape: reshape, Resize: resize, Slice: slice, Transpose: transpose, Unsqueeze: unsqueeze, Where: where,
  Shape: ([x], { start = 0, end }) => { const sides = x.shape.slice(start, end); return tensor([sides.length], Float64Array.from(sides)); },
  AveragePool: (inputs, attributes) => pooling(inputs, attributes, "mean"), MaxPool: (inputs, attributes) => pooling(inputs, attributes, "max"),
  Conv: ofSteps(convolution, [1, 1]), Gemm: ofSteps(dense, []), MatMul: ofSteps(matrixProduct, []), Softmax: softmax, LogSoftmax: (inputs, attributes) => softmax(inputs, attributes, true),
  QuantizeLinear: quantize, DequantizeLinear: dequantize,
};
