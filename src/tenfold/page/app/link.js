// The state of the page in its address, so that a link reproduces it.

const SCALE = 500; // steps per width of the drawing area

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

/** Read what `encodeState` wrote; null for another text. */
export function decodeState(text) {
  const given = new URLSearchParams(text), drawing = given.get("d");
  if (drawing === null || !/^[-\d._]*$/.test(drawing)) return null;
  const strokes = drawing.split("_").filter(Boolean).map((line) => {
    const [width, ...moves] = line.split(".").map(Number);
    const points = [];
    for (let i = 0, x = 0, y = 0; i + 1 < moves.length; i += 2) {
      x += moves[i];
      y += moves[i + 1];
      points.push([x / SCALE, y / SCALE, 1]);
    }
    return { width: width / SCALE, points };
  }).filter(({ points, width }) => points.length && points.flat().every(Number.isFinite) && width > 0);
  given.delete("d");
  return { strokes, knobs: Object.fromEntries([...given].map(([name, value]) => [name, Number(value)]).filter(([, value]) => Number.isFinite(value))) };
}
