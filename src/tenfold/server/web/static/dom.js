// Small helpers for elements, words and numbers.

export const find = (id) => document.getElementById(id);

/** An element with properties, attributes ("aria-…", "data-…", "for" and the like) and children. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && !name.includes("-")) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** A button that does something. */
export function button(text, action, properties = {}) {
  const made = make("button", { type: "button", ...properties }, text);
  made.addEventListener("click", action);
  return made;
}

/** A probability in percent that is not rounded to certainty. */
export function percent(chance) {
  if (chance > 0.9995) return "> 99.9 %";
  return chance < 0.0005 ? "< 0.1 %" : `${(100 * chance).toFixed(1)} %`;
}

/** An accuracy in percent, and its interval. */
export const accurate = (score) => `${(100 * score.value).toFixed(2)} %`;
export function spread(score) {
  if (score?.low === undefined || score.low === null) return "";
  return `${(100 * score.low).toFixed(2)} to ${(100 * score.high).toFixed(2)}`;
}

export const count = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;
export const source = (png) => `data:image/png;base64,${png}`;

/** A list item with a 28x28 image and lines of text under it. */
export function tile(png, alt, ...lines) {
  const image = make("img", { src: png, alt, width: 84, height: 84, className: "pixels" });
  return make("li", { className: "tile" }, image, ...lines);
}

let waiting;

/** Tell screen readers, once things have been quiet for a moment. */
export function say(text, delay = 500) {
  clearTimeout(waiting);
  waiting = setTimeout(() => { find("live").textContent = text; }, delay);
}

/** Show what went wrong, or with nothing that all is well again. */
export function trouble(text = "") {
  const place = find("trouble");
  if (place.textContent !== text) place.textContent = text;
  place.hidden = !text;
}
