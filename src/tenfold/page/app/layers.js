// The layers of a network, found in the graph of its model file, and how they depend on the image.

const WINDOWS = { Conv: "Convolution", MaxPool: "Max pooling", AveragePool: "Mean pooling" };
const RESHAPING = new Set(["Reshape", "Transpose", "Identity", "Cast", "Gather", "Slice", "Concat", "Unsqueeze"]);

/** The networks of a committee: for each its nodes, from the image to its softmax. */
function branches({ nodes, output }) {
  const makers = new Map(nodes.map((node) => [node.outputs[0], node]));
  let last = makers.get(output);
  while (last.kind === "Identity") last = makers.get(last.inputs[0]);
  const ends = last.kind === "Mean" ? last.inputs : [last.outputs[0]];
  return ends.map((end) => {
    const needed = new Set([end]);
    for (const node of nodes.toReversed()) if (needed.has(node.outputs[0])) node.inputs.forEach((name) => needed.add(name));
    const own = nodes.filter((node) => needed.has(node.outputs[0]));
    const softmax = own.findIndex(({ kind }) => kind === "Softmax");
    return softmax < 0 ? own : own.slice(0, softmax + 1);
  });
}

/** The layers of each network: { title, kind, node, output, window } after a first run of the graph. */
export function findLayers(network) {
  const pixels = network.input.shape.reduce((a, b) => a * b, 1);
  network.run(new Uint8Array(pixels));
  const size = (name) => network.values.get(name)?.data.length;
  return branches(network).map((nodes) => {
    const layers = [], counts = {};
    let window = { side: 1, step: 1, start: 0 }; // of the image that a position of a map depends on
    for (const node of nodes) {
      const { kind, inputs, outputs: [output], attributes } = node;
      const shape = network.values.get(output).shape;
      const isDense = (kind === "Gemm" || kind === "MatMul") && network.constants.has(inputs[1]) && shape.length === 2;
      if (WINDOWS[kind] || isDense) {
        const name = WINDOWS[kind] ?? "Dense layer", number = (counts[name] = (counts[name] ?? 0) + 1);
        if (WINDOWS[kind]) window = widened(window, attributes.kernel_shape ?? network.constants.get(inputs[1]).shape.slice(2), attributes);
        layers.push({ title: `${name} ${number}`, kind: isDense ? "dense" : "maps", node, output, raw: output, window: isDense ? null : window });
      } else if (kind === "Softmax") {
        if (layers.length) layers.at(-1).isLast = true;
      } else if (layers.length && !RESHAPING.has(kind) && size(output) === size(layers.at(-1).raw)) {
        layers.at(-1).output = output; // an activation, a normalization or a bias
      }
    }
    return layers;
  });
}

function widened({ side, step, start }, [height], { strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1] }) {
  return { side: side + (height - 1) * dilations[0] * step, step: step * strides[0], start: start - pads[0] * step };
}

/** Left, top and side of the part of the image that a position of a map depends on. */
export const lookedAt = ({ side, step, start }, column, row) => ({ left: start + column * step, top: start + row * step, side });

/** How much each element that goes into a dense layer adds to one of its outputs. */
export function contributions(network, { node }, unit) {
  const { data, shape: [, columns] } = network.constants.get(node.inputs[1]);
  const given = network.values.get(node.inputs[0]).data;
  return Float32Array.from(given, (value, i) => value * data[i * columns + unit]);
}

/** The weights from the image's pixels into a unit, if the layer sees pixels; else null. */
export function pixelWeights(network, { node }, unit) {
  const { data, shape: [rows, columns] } = network.constants.get(node.inputs[1]);
  return rows === 28 * 28 ? Float32Array.from({ length: rows }, (_, i) => data[i * columns + unit]) : null;
}
