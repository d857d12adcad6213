// Learning curves as SVG: a chart of accuracy and one of loss, each for train and validation.

import { make, percent } from "./dom.js";

const HEIGHT = 240, LEFT = 46, RIGHT = 12, TOP = 12, BOTTOM = 34;
const CHARTS = [["Accuracy", "accuracy", "val_accuracy"], ["Loss", "loss", "val_loss"]];

function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Show the charts of a history in an element.
 * Rows of the history have epoch, seed, loss, accuracy, val_loss and val_accuracy; the x axis
 * covers at least `epochs`. */
export function learningCurves(element, history, epochs) {
  const available = element.clientWidth;
  const width = Math.min(544, Math.max(280, available > 700 ? (available - 32) / 2 : available));
  element.replaceChildren(...CHARTS.map((columns) => chart(...columns, history, epochs, width)));
}

function chart(title, train, validation, history, epochs, width) {
  const rows = history.filter((row) => Number.isFinite(row[train]) || Number.isFinite(row[validation]));
  const values = rows.flatMap((row) => [row[train], row[validation]]).filter(Number.isFinite);
  const scale = scales(values, Math.max(epochs, ...rows.map((row) => row.epoch)), width, title === "Accuracy");
  const lines = [[train, "train"], [validation, "validation"]].flatMap(([column, name]) =>
    seeds(rows).map((seed) => line(rows.filter((row) => row.seed === seed), column, name, scale)));
  const last = rows.at(-1);
  const format = (value) => (title === "Accuracy" ? percent(value) : value.toFixed(3));
  const result = last && Number.isFinite(last[validation]) ? `, ${format(last[validation])} on validation after epoch ${last.epoch}` : "";
  const image = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": `${title} by epoch${result}` },
    ...axes(scale, width, title === "Accuracy"), ...lines);
  const key = make("p", { className: "key" }, make("span", { className: "train" }, "train"), make("span", { className: "validation" }, "validation"));
  return make("figure", {}, make("figcaption", {}, make("b", {}, title), key), image);
}

const seeds = (rows) => [...new Set(rows.map((row) => row.seed))];

function scales(values, epochs, width, bounded) {
  let [low, high] = values.length ? [Math.min(...values), Math.max(...values)] : [0, 1];
  const margin = Math.max(0.02 * (high - low), bounded ? 0.002 : 0.005);
  [low, high] = [Math.max(0, low - margin), bounded ? Math.min(1, high + margin) : high + margin];
  const plotWidth = width - LEFT - RIGHT, plotHeight = HEIGHT - TOP - BOTTOM;
  return {
    low, high, epochs,
    x: (epoch) => LEFT + (epochs > 1 ? (plotWidth * (epoch - 1)) / (epochs - 1) : plotWidth / 2),
    y: (value) => TOP + plotHeight * (1 - (value - low) / (high - low)),
  };
}

function line(rows, column, name, { x, y }) {
  const points = rows.filter((row) => Number.isFinite(row[column])).map((row) => [x(row.epoch), y(row[column])]);
  const path = svg("path", { class: name, d: points.map(([a, b], i) => `${i ? "L" : "M"}${a.toFixed(1)} ${b.toFixed(1)}`).join("") });
  const end = points.at(-1);
  return end ? svg("g", {}, path, svg("circle", { class: name, cx: end[0], cy: end[1], r: 3.5 })) : path;
}

/** Round tick values that divide a range into about four parts. */
function ticks(low, high) {
  const rough = (high - low) / 4, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 2.5, 5, 10].find((each) => each * power >= rough);
  const values = [];
  for (let k = Math.ceil(low / step); k * step <= high + 1e-12; k++) values.push(k * step);
  return values;
}

function axes({ low, high, epochs, x, y }, width, bounded) {
  const label = (value) => (bounded ? `${+(100 * value).toFixed(2)} %` : String(+value.toPrecision(3)));
  const rows = ticks(low, high).map((value) => svg("g", {},
    svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }),
    svg("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, label(value))));
  const step = Math.max(1, Math.ceil(epochs / 8));
  const columns = [];
  for (let epoch = 1; epoch <= epochs; epoch += step) {
    columns.push(svg("text", { x: x(epoch), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, String(epoch)));
  }
  return [...rows, ...columns, svg("text", { x: width - RIGHT, y: HEIGHT - 3, "text-anchor": "end" }, "epoch")];
}
