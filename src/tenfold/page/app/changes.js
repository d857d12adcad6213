// Changes of a 28x28 image: rotation, thickness, shifts, noise, and a covered square.

const SIDE = 28, CENTRE = 13.5;

/** The knobs: their range, the value that changes nothing, and how a value reads. */
export const KNOBS = {
  rotate: { label: "Rotate", min: -90, max: 90, step: 5, none: 0, text: (value) => `${value}°` },
  thicken: { label: "Thickness", min: -2, max: 3, step: 0.25, none: 0, text: (value) => `${value > 0 ? "+" : ""}${value}` },
  right: { label: "Shift right", min: -10, max: 10, step: 1, none: 0, text: (value) => `${value} px` },
  down: { label: "Shift down", min: -10, max: 10, step: 1, none: 0, text: (value) => `${value} px` },
  noise: { label: "Noise", min: 0, max: 100, step: 5, none: 0, text: (value) => `${value} %` },
};

/** Apply all knobs to an image of bytes; the same image if nothing changes. */
export function changed(image, values) {
  let result = image;
  if (values.thicken) result = thickened(result, values.thicken);
  if (values.rotate || values.right || values.down) result = moved(result, values);
  if (values.noise) result = noisy(result, values.noise / 100);
  return result;
}

/** Rotate about the centre, then shift; levels between pixels are interpolated. */
function moved(image, { rotate = 0, right = 0, down = 0 }) {
  const angle = (rotate * Math.PI) / 180, [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const at = (x, y) => (x >= 0 && x < SIDE && y >= 0 && y < SIDE ? image[y * SIDE + x] : 0);
  return Uint8Array.from(image, (_, i) => {
    const [dx, dy] = [(i % SIDE) - CENTRE - right, Math.floor(i / SIDE) - CENTRE - down];
    const [x, y] = [CENTRE + cos * dx + sin * dy, CENTRE - sin * dx + cos * dy];
    const [left, top] = [Math.floor(x), Math.floor(y)], [a, b] = [x - left, y - top];
    return (1 - b) * ((1 - a) * at(left, top) + a * at(left + 1, top)) + b * ((1 - a) * at(left, top + 1) + a * at(left + 1, top + 1)) + 0.5;
  });
}

/** Grow or shrink the ink by whole pixels, and by a share of one more. */
function thickened(image, amount) {
  const pick = amount > 0 ? Math.max : Math.min;
  let result = image;
  for (let rest = Math.abs(amount); rest > 0; rest -= 1) {
    const share = Math.min(1, rest), before = result;
    result = Uint8Array.from(before, (level, i) => {
      let best = level;
      for (const step of [-1, 1, -SIDE, SIDE]) {
        const outside = (step === -1 && i % SIDE === 0) || (step === 1 && i % SIDE === SIDE - 1);
        best = pick(best, outside ? 0 : before[i + step] ?? 0);
      }
      return level + share * (best - level) + 0.5;
    });
  }
  return result;
}

/** Add noise that is the same for every image: normal, of a standard deviation relative to white. */
function noisy(image, deviation) {
  let state = 1;
  const uniform = () => (state = (state * 48271) % 2147483647) / 2147483647;
  return Uint8ClampedArray.from(image, (level) => level + 255 * deviation * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
}

/** Cover a square around a pixel. */
export function covered(image, column, row, side) {
  const first = -Math.floor(side / 2);
  return image.map((level, i) => {
    const [x, y] = [(i % SIDE) - column - first, Math.floor(i / SIDE) - row - first];
    return x >= 0 && x < side && y >= 0 && y < side ? 0 : level;
  });
}
