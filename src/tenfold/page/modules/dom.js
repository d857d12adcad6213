// Helpers for elements, numbers and messages.

export const find = (id) => document.getElementById(id);

/** Create an element with properties, attributes ("aria-…", "data-…", "for", …) and children. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && !name.includes("-")) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Create a button with a click handler. */
export function button(text, action, properties = {}) {
  const element = make("button", { type: "button", ...properties }, text);
  element.addEventListener("click", action);
  return element;
}

/** A probability in percent, never rounded to 0 or 100. */
export function percent(probability) {
  if (probability > 0.9995) return "> 99.9 %";
  return probability < 0.0005 ? "< 0.1 %" : `${(100 * probability).toFixed(1)} %`;
}

const inPercent = ({ metric = "accuracy" }) => metric === "accuracy"; // an area under a curve is not
const figure = (value, unit = 100) => (unit * value).toFixed(unit === 1 ? 4 : 2);

/** An accuracy in percent or another score, and its confidence interval. */
export const accuracyText = (score) => (inPercent(score) ? `${figure(score.value)} %` : figure(score.value, 1));
export function intervalText(score) {
  if (score?.low === undefined || score.low === null) return "";
  const unit = inPercent(score) ? 100 : 1;
  return `${figure(score.low, unit)} to ${figure(score.high, unit)}`;
}

/** What a headline is the score of: its interval, images and networks. */
export function headlineText({ sd, of, split, n, ...score }) {
  const percent = inPercent(score), interval = intervalText(score);
  const spread = sd === null ? "" : ` ± ${figure(sd, percent ? 100 : 1)},`;
  const images = `of ${n.toLocaleString("en")} ${split} images`;
  if (!percent) return `${score.metric}, ${of}${spread} ${interval} ${images}`;
  return `${of}${spread} ${interval && `${interval} % `}${images} correct`;
}

export const count = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;
export const pngUrl = (base64) => `data:image/png;base64,${base64}`;

/** Create a list item with an enlarged image and lines of text below it. */
export function tile(src, alt, ...lines) {
  const image = make("img", { src, alt, width: 84, height: 84, className: "pixels" });
  return make("li", { className: "tile" }, image, ...lines);
}

/** Paint an image of bytes on a canvas of its size. */
export function paint(canvas, image) {
  const pixels = new ImageData(canvas.width, canvas.height);
  for (let i = 0; i < image.length; i++) pixels.data.set([image[i], image[i], image[i], 255], 4 * i);
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

/** A class with its probability, as a row with a bar. */
export function bar({ label, probability }, best) {
  const track = make("span", { className: "track" });
  track.style.setProperty("--probability", probability);
  return make("li", { className: best ? "best" : "" }, make("span", { className: "name" }, label), track, make("span", { className: "value" }, percent(probability)));
}

/** Show what is read, as large as it fits; only "?" has the colour of warnings. */
export function showReading(element, text) {
  element.replaceChildren(...text.split(/(\?)/).filter(Boolean).map((part) => (part === "?" ? make("span", { className: "unsure" }, part) : part)));
  const lines = text.split("\n");
  element.style.setProperty("--letters", Math.max(...lines.map((line) => line.length)));
  element.style.setProperty("--lines", lines.length);
}

let pending;

/** Announce a message to screen readers, after a delay without newer messages. */
export function announce(text, delay = 500) {
  clearTimeout(pending);
  pending = setTimeout(() => { find("live").textContent = text; }, delay);
}

/** Show an error message; without a text, hide it. */
export function showError(text = "") {
  const element = find("error");
  if (element.textContent !== text) element.textContent = text;
  element.hidden = !text;
}
