// A model file in the browser: its graph, and probabilities of an image.

import { OPERATORS } from "./operators.js";
import { tensor } from "./tensors.js";

const ARRAYS = { 1: Float32Array, 2: Uint8Array, 3: Int8Array, 6: Int32Array };

/** Decode base64 into a buffer. */
export function decode(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text).buffer;
  const letters = atob(text), bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes.buffer;
}

/** The graph of a model file, as `tenfold.export.browser` describes it. */
export class Network {
  /** Tensors of the latest run, by name. */
  values = new Map();

  constructor({ input, output, nodes, tensors, weights, card }) {
    Object.assign(this, { input, output, card });
    const buffer = decode(weights);
    this.constants = new Map();
    for (const [name, { shape, type, at, values }] of Object.entries(tensors)) {
      const size = shape.reduce((product, side) => product * side, 1);
      const data = values ? Float64Array.from(values) : new ARRAYS[type](buffer, at, size);
      this.constants.set(name, { ...tensor(shape, data), type });
    }
    this.nodes = nodes.map(([kind, inputs, outputs, attributes]) => ({ kind, inputs, outputs, attributes }));
    this.#foldConstants();
  }

  /** Compute once what depends on no image. */
  #foldConstants() {
    this.nodes = this.nodes.filter((node) => {
      const constant = node.inputs.every((name) => !name || this.constants.has(name));
      if (constant) this.constants.set(node.outputs[0], this.#apply(node, this.constants));
      return !constant;
    });
  }

  #apply({ kind, inputs, attributes }, values) {
    return OPERATORS[kind](inputs.map((name) => (name ? values.get(name) ?? this.constants.get(name) : undefined)), attributes);
  }

  /** Probabilities of one image of bytes, in rows; a Float32Array. */
  run(pixels) {
    const values = new Map([[this.input.name, tensor([1, ...this.input.shape], Float32Array.from(pixels))]]);
    for (const node of this.nodes) values.set(node.outputs[0], this.#apply(node, values));
    this.values = values;
    return values.get(this.output).data;
  }
}
