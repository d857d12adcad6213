// Tensors { shape, data }: shapes, strides and broadcasting as in ONNX.

export const count = (shape) => shape.reduce((product, side) => product * side, 1);
export const tensor = (shape, data = new Float32Array(count(shape))) => ({ shape, data });
export const axisOf = (axis, { shape }) => (axis + shape.length) % shape.length;

/** The distance in memory between neighbours along each axis. */
export function stridesOf(shape) {
  const strides = new Array(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}

/** The shape that two shapes broadcast to. */
export function broadcastShape(a, b) {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const [left, right] = [a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1];
    if (left !== right && left !== 1 && right !== 1) throw new Error(`shapes ${a} and ${b} do not broadcast`);
    return left === 1 ? right : left;
  });
}

/** A tensor with its elements taken by a starting offset and strides per axis. */
export function strided({ data }, shape, strides, offset = 0) {
  const result = tensor(shape, new data.constructor(count(shape)));
  const position = new Array(shape.length).fill(0);
  for (let i = 0, from = offset; i < result.data.length; i++) {
    result.data[i] = data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++position[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      position[axis] = 0;
    }
  }
  return result;
}

/** A tensor broadcast to a shape. */
export function expand(x, shape) {
  if (x.shape.length === shape.length && x.shape.every((side, axis) => side === shape[axis])) return x;
  const strides = stridesOf(x.shape), missing = shape.length - x.shape.length;
  return strided(x, shape, shape.map((_, axis) => (axis < missing || x.shape[axis - missing] === 1 ? 0 : strides[axis - missing])));
}

/** The block [outer, size, inner] in which b repeats over a shape, or null if it does not. */
function repetition(b, shape) {
  const sides = [...new Array(shape.length - b.shape.length).fill(1), ...b.shape];
  const first = sides.findIndex((side) => side !== 1);
  if (first < 0) return [1, 1, count(shape)];
  const last = sides.findLastIndex((side) => side !== 1);
  for (let axis = first; axis <= last; axis++) if (sides[axis] !== shape[axis]) return null;
  return [count(shape.slice(0, first)), b.data.length, count(shape.slice(last + 1))];
}

/** Apply a function of two numbers elementwise, with broadcasting. */
export function elementwise(a, b, apply) {
  const shape = broadcastShape(a.shape, b.shape);
  a = expand(a, shape);
  let block = repetition(b, shape);
  if (!block) {
    b = expand(b, shape);
    block = [1, b.data.length, 1];
  }
  const result = tensor(shape), [outer, size, inner] = block;
  for (let o = 0, i = 0; o < outer; o++) {
    for (let s = 0; s < size; s++) {
      const right = b.data[s];
      for (const end = i + inner; i < end; i++) result.data[i] = apply(a.data[i], right);
    }
  }
  return result;
}
