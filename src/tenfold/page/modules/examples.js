// Drawings to start with: strokes of points in the unit square, and a pen that draws them.

const ring = (x, y, width, height = width, from = 0, turns = 1, n = 24) =>
  Array.from({ length: n + 1 }, (_, i) => {
    const angle = 2 * Math.PI * (from + (turns * i) / n);
    return [x + width * Math.sin(angle), y - height * Math.cos(angle)];
  });

const TWO = [[...ring(0.5, 0.3, 0.27, 0.25, -0.22, 0.58, 14), [0.55, 0.66], [0.24, 0.96], [0.5, 0.93], [0.8, 0.95]]];
const ZERO = [ring(0.5, 0.5, 0.3, 0.45, 0.03, 1.02)];
const SIX = [[[0.66, 0.05], [0.47, 0.2], [0.33, 0.42], [0.27, 0.66], ...ring(0.51, 0.71, 0.24, 0.23, 0.78, -1, 20)]];
const SEVEN = [[[0.2, 0.12], [0.42, 0.16], [0.82, 0.06], [0.66, 0.3], [0.5, 0.55], [0.47, 0.78], [0.36, 1.02]], [[0.32, 0.56], [0.52, 0.5], [0.76, 0.54]]];
const THREE = [[...ring(0.46, 0.28, 0.26, 0.22, -0.2, 0.66, 12), ...ring(0.46, 0.74, 0.3, 0.24, 0.02, 0.7, 14)]];
const SMILEY = [ring(0.5, 0.5, 0.48), ring(0.33, 0.36, 0.03, 0.05, 0, 1, 8), ring(0.67, 0.36, 0.03, 0.05, 0, 1, 8), ring(0.5, 0.52, 0.27, 0.24, 0.3, 0.4, 14)];

/** Strokes in a box: left, top, width and height relative to the area's width, from its centre. */
const placed = (strokes, [left, top, width, height], pen = 0.042) =>
  strokes.map((points) => ({ width: pen, points: points.map(([x, y]) => [left + x * width, top + y * height, 1]) }));

const ONE_DIGIT = [-0.15, -0.22, 0.3, 0.44];
const NUMBER = [TWO, ZERO, TWO, SIX].flatMap((digit, i) => placed(digit, [-0.43 + 0.225 * i, -0.15, 0.17, 0.3], 0.03));

export const EXAMPLES = [
  ["a 2", placed(TWO, ONE_DIGIT)],
  ["a messy 7", placed(SEVEN, ONE_DIGIT, 0.03)],
  ["2026", NUMBER],
  ["a smiley", placed(SMILEY, [-0.2, -0.2, 0.4, 0.4], 0.03)],
];
const FIRST = placed(THREE, ONE_DIGIT);

const POINTS_PER_SECOND = 45;

/** Draws examples as a hand would; without motion, at once. */
export class Demonstration {
  #frame = 0;
  #greeting = false;

  constructor(area) {
    this.area = area;
    area.element.addEventListener("pointerdown", () => this.#makeWay(), { capture: true });
    area.element.addEventListener("keydown", (event) => { if (event.key === " ") this.#makeWay(); }, { capture: true });
  }

  /** Draw the first digit; it makes room for the visitor's own. */
  greet() {
    this.show(FIRST);
    this.#greeting = true;
  }

  /** Draw strokes in place of the drawing. */
  show(strokes) {
    this.stop();
    const total = strokes.reduce((sum, { points }) => sum + points.length, 0), start = performance.now();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.area.strokes = strokes;
      return;
    }
    let shown = 0;
    this.area.playing = true;
    const advance = (now) => {
      const wanted = Math.min(total, Math.ceil(((now - start) / 1000) * POINTS_PER_SECOND));
      if (wanted > shown) {
        shown = wanted;
        this.area.playing = shown < total;
        this.area.strokes = firstPoints(strokes, shown);
      }
      if (shown < total) this.#frame = requestAnimationFrame(advance);
    };
    this.#frame = requestAnimationFrame(advance);
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    this.area.playing = this.#greeting = false;
  }

  #makeWay() {
    const greeted = this.#greeting && this.area.showsExample;
    this.stop();
    if (greeted) this.area.strokes = [];
  }
}

function firstPoints(strokes, n) {
  const part = [];
  for (const { points, width } of strokes) {
    if (n <= 0) break;
    part.push({ width, points: points.slice(0, n) });
    n -= points.length;
  }
  return part;
}
