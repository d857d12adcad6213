// Searches that ask the network many times, in slices that keep the page alive.

import { covered } from "./changes.js";

const SLICE = 12; // milliseconds of work before the page may do something else

/** Call an action for each item; gives way between slices. Stops when `stopped` says so. */
export async function inSlices(items, action, stopped) {
  let until = performance.now() + SLICE;
  for (const item of items) {
    if (stopped()) return false;
    action(item);
    if (performance.now() > until) {
      await new Promise((then) => setTimeout(then));
      until = performance.now() + SLICE;
    }
  }
  return true;
}

const sameAs = (answer) => (other) => other.text === answer.text;
const margin = (answer, label) => {
  const own = answer.ranked.find((entry) => entry.label === label).probability;
  const best = answer.ranked.find((entry) => entry.label !== label).probability;
  return Math.log(own + 1e-30) - Math.log(best + 1e-30);
};

/**
 * Few pixels whose inversion changes the most probable class: { image, pixels, answer }, or null.
 *
 * Each pixel is inverted alone; those that lower the margin most are then inverted together until
 * the class changes, and pixels are taken back until each that is left is needed.
 */
export async function smallChange(image, ask, stopped) {
  const { label } = ask(image), effects = [];
  const invert = (pixels) => {
    const result = image.slice();
    for (const i of pixels) result[i] = image[i] > 127 ? 0 : 255;
    return result;
  };
  const isNear = (i) => [-2, -1, 0, 1, 2].some((dy) => [-2, -1, 0, 1, 2].some((dx) => image[i + 28 * dy + dx] > 0));
  const candidates = Array.from(image.keys()).filter(isNear);
  const done = await inSlices(candidates, (i) => effects.push([margin(ask(invert([i])), label), i]), stopped);
  if (!done) return null;
  const order = effects.sort((a, b) => a[0] - b[0]).map(([, i]) => i);
  const pixels = [];
  let flipped = false;
  await inSlices(order.slice(0, 150), (i) => {
    if (flipped) return;
    pixels.push(i);
    flipped = ask(invert(pixels)).label !== label;
  }, stopped);
  if (!flipped) return null;
  for (let before = Infinity; pixels.length < before;) {
    before = pixels.length;
    await inSlices([...pixels], (i) => {
      const fewer = pixels.filter((pixel) => pixel !== i);
      if (fewer.length && ask(invert(fewer)).label !== label) pixels.splice(pixels.indexOf(i), 1);
    }, stopped);
  }
  const result = invert(pixels);
  return stopped() ? null : { image: result, pixels, answer: ask(result) };
}

/** The squares that change the answer when they are covered: { column, row, answer }. */
export async function decisiveSpots(image, ask, side, stopped) {
  const isSame = sameAs(ask(image)), spots = [], places = [];
  for (let row = 3; row < 26; row += 2) for (let column = 3; column < 26; column += 2) places.push([column, row]);
  const done = await inSlices(places, ([column, row]) => {
    const answer = ask(covered(image, column, row, side));
    if (!isSame(answer)) spots.push({ column, row, answer });
  }, stopped);
  return done ? spots : null;
}

/**
 * What speaks for the most probable class: for each pixel, by how much its log probability falls
 * where a square over the pixel is covered; null if stopped.
 */
export async function evidence(image, ask, stopped) {
  const { label, probability } = ask(image), sums = new Float32Array(image.length), places = [];
  for (let row = 2; row < 28; row += 3) for (let column = 2; column < 28; column += 3) places.push([column, row]);
  const done = await inSlices(places, ([column, row]) => {
    const hidden = covered(image, column, row, 5), pixels = image.keys().filter((i) => hidden[i] !== image[i]);
    const found = [...pixels];
    if (!found.length) return;
    const left = ask(hidden).ranked.find((entry) => entry.label === label).probability;
    for (const i of found) sums[i] += Math.log(probability + 1e-6) - Math.log(left + 1e-6);
  }, stopped);
  return done ? sums : null;
}

/** The answer at each of some settings. */
export async function sweep(settings, askAt, stopped) {
  const answers = [];
  return (await inSlices(settings, (setting) => answers.push(askAt(setting)), stopped)) ? answers : null;
}
