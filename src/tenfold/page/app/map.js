// The section Map: images that the network was not trained on, and where the drawing lands among them.

import { button, find, make, paint } from "./dom.js";
import { decode } from "./network.js";
import { seenAs } from "./digit_image.js";

const NEAREST = 5, REACH = 0.03; // of the map's width, for pointing at an image
const HUES = [255, 30, 150, 330, 75, 225, 0, 290, 110, 190];

export class ImageMap {
  #image = null;
  #pointed = null;

  constructor(models) {
    this.choices = models.filter(({ map }) => map).flatMap(({ map, name, network, view }) => {
      const thumbnails = make("img", { src: `data:image/png;base64,${map.thumbnails}`, alt: "" });
      const labels = new Uint8Array(decode(map.labels));
      return map.views.map((each) => ({
        ...each, network, view, labels, thumbnails, names: map.names, side: map.side,
        name: models.length > 1 ? `${name}, ${each.title}` : each.title,
        points: new Uint8Array(decode(each.points)), axes: new Int8Array(decode(each.axes)),
      }));
    });
    if (!this.choices.length) return;
    this.canvas = find("map-canvas");
    this.current = this.choices[0];
    find("map-views").append(...this.choices.map((choice) => button(choice.name, () => this.#look(choice), { "aria-pressed": String(choice === this.current) })));
    this.canvas.addEventListener("pointermove", (event) => this.#point(event));
    this.canvas.addEventListener("pointerleave", () => this.#point(null));
    document.addEventListener("theme", () => this.#update());
    new ResizeObserver(() => this.#update()).observe(this.canvas);
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.visible = isIntersecting;
      this.#update();
    }, { rootMargin: "200px" }).observe(find("map"));
  }

  /** Show where an image lands, or only the map. */
  show(image) {
    this.#image = image ?? null;
    if (this.choices.length) this.#update();
  }

  #look(choice) {
    this.current = choice;
    for (const [i, each] of [...find("map-views").children].entries()) each.setAttribute("aria-pressed", String(this.choices[i] === choice));
    this.#update();
  }

  /** The drawing's point in the unit square, kept inside it; null without a drawing. */
  #place() {
    if (!this.#image) return null;
    const { network, view, tensor, axes, scale, offset } = this.current;
    let values = seenAs(this.#image, view);
    if (tensor) {
      network.run(values);
      values = network.values.get(tensor).data;
    }
    return offset.map((start, axis) => {
      let sum = 0;
      for (let i = 0; i < values.length; i++) sum += axes[axis * values.length + i] * values[i];
      return Math.max(0, Math.min(1, start + scale * sum));
    });
  }

  #point(event) {
    const box = this.canvas.getBoundingClientRect();
    const [nearest] = event ? this.#nearest([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((x) => (x - 0.04) / 0.92)) : [];
    const pointed = nearest?.distance < REACH ? nearest.index : null;
    if (pointed === this.#pointed) return;
    this.#pointed = pointed;
    this.#list();
  }

  #nearest([x, y]) {
    const { points, labels } = this.current;
    return Array.from(labels, (label, index) => ({ index, distance: Math.hypot(points[2 * index] / 255 - x, points[2 * index + 1] / 255 - y) })).sort((a, b) => a.distance - b.distance);
  }

  #update() {
    if (!this.visible) return;
    this.place = this.#place();
    this.#paint();
    this.#list();
  }

  #paint() {
    const { canvas, current: { points, labels, names } } = this, density = Math.min(devicePixelRatio || 1, 3);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight], context = canvas.getContext("2d");
    Object.assign(canvas, { width: width * density, height: height * density });
    context.scale(density, density);
    context.font = "600 10px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    const at = ([x, y]) => [(0.04 + 0.92 * x) * width, (0.04 + 0.92 * y) * height];
    const isDark = getComputedStyle(canvas).colorScheme === "dark" || (getComputedStyle(canvas).colorScheme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
    labels.forEach((label, i) => {
      context.fillStyle = `hsl(${HUES[label % HUES.length]} 75% ${isDark ? 68 : 36}%)`;
      context.fillText(names[label].slice(0, 1), ...at([points[2 * i] / 255, points[2 * i + 1] / 255]));
    });
    if (!this.place) return;
    const small = make("canvas", { width: 28, height: 28 }), [x, y] = at(this.place), side = 40;
    paint(small, this.#image);
    context.imageSmoothingEnabled = false;
    const [left, top] = [Math.max(2, Math.min(width - side - 2, x - side / 2)), Math.max(2, Math.min(height - side - 2, y - side / 2))];
    context.drawImage(small, left, top, side, side);
    context.lineWidth = 3;
    context.strokeStyle = getComputedStyle(canvas).color;
    context.strokeRect(left, top, side, side);
  }

  /** The images nearest to the drawing, or the one that is pointed at; and the same as text. */
  #list() {
    const { labels, names, title, kept } = this.current, pointed = this.#pointed;
    const chosen = pointed !== null ? [pointed] : this.place ? this.#nearest(this.place).slice(0, NEAREST).map(({ index }) => index) : [];
    const texts = chosen.map((index) => names[labels[index]]);
    find("map-says").textContent = pointed !== null ? "The image that you point at:" : chosen.length ? "The nearest images to your drawing:" : "Draw a digit to see where it lands.";
    find("map-images").replaceChildren(...chosen.map((index, i) => make("li", {}, this.#thumbnail(index), make("span", {}, texts[i]))));
    find("map-how").textContent = `${labels.length} validation images by their ${title}: the first two principal components, which keep ${Math.round(100 * kept)} % of the variance. The images were not trained on.`;
    this.canvas.setAttribute("aria-label", `Map of ${labels.length} images. ${this.place ? `Nearest to your drawing: ${texts.join(", ")}.` : "No drawing."}`);
  }

  #thumbnail(index) {
    const { thumbnails, side } = this.current, canvas = make("canvas", { width: side, height: side, className: "pixels", "aria-hidden": "true" });
    thumbnails.decode().then(() => canvas.getContext("2d").drawImage(thumbnails, 0, index * side, side, side, 0, 0, side, side));
    return canvas;
  }
}
