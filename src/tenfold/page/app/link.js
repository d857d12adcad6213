// The state of the page in its address, so that a link reproduces it.

import { KNOBS } from "./changes.js";

const SCALE = 500; // steps per width of the drawing area
const FARTHEST = 8; // widths of the drawing area from its centre

/** Write strokes and knobs as text: points as differences, in steps. */
export function encodeState({ strokes, knobs }) {
  const lines = strokes.map(({ points, width }) => {
    const steps = points.map(([x, y]) => [Math.round(x * SCALE), Math.round(y * SCALE)]);
    const moves = steps.flatMap(([x, y], i) => (i ? [x - steps[i - 1][0], y - steps[i - 1][1]] : [x, y]));
    return [Math.round(width * SCALE), ...moves].join(".");
  });
  const turned = Object.entries(knobs).map(([name, value]) => `${name}=${value}`);
  return [`d=${lines.join("_")}`, ...turned].join("&");
}

/** Whether an address claims to hold a state; else it is that of a section. */
export const holdsState = (text) => text.includes("=");

/** Read what `encodeState` wrote; null for another text. */
export function decodeState(text) {
  const given = new URLSearchParams(text), drawing = given.get("d");
  if (drawing === null || !/^[-\d._]*$/.test(drawing)) return null;
  given.delete("d");
  const knobs = Object.fromEntries([...given].map(([name, value]) => [name, value.trim() ? Number(value) : NaN]));
  if (!Object.entries(knobs).every(([name, value]) => isSetting(name, value))) return null;
  const strokes = drawing.split("_").filter(Boolean).map((line) => {
    const [width, ...moves] = line.split(".").map(Number);
    const points = moves.length % 2 ? [[NaN]] : []; // odd: the link is cut
    for (let i = 0, x = 0, y = 0; i + 1 < moves.length; i += 2) {
      x += moves[i];
      y += moves[i + 1];
      points.push([x / SCALE, y / SCALE, 1]);
    }
    return { width: width / SCALE, points };
  });
  const isStroke = ({ points, width }) => points.length && points.flat().every((x) => Math.abs(x) <= FARTHEST) && width > 0 && width <= 1;
  return strokes.every(isStroke) ? { strokes, knobs } : null;
}

/** Whether a knob can be turned to a value. */
function isSetting(name, value) {
  if (!Object.hasOwn(KNOBS, name)) return false;
  const { min, max, step } = KNOBS[name];
  return value >= min && value <= max && Number.isInteger((value - min) / step);
}
