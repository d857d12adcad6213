// The section See inside: what each layer makes of the image, and one map or unit in detail.

import { button, find, make, paint } from "./dom.js";
import { largest, paintHeat } from "./heat.js";
import { contributions, findLayers, lookedAt, pixelWeights } from "./layers.js";
import { seenAs } from "./digit_image.js";

const MAPS = 64, UNITS = 12; // shown of a layer

export class Inside {
  #chosen = null; // { layer, index }
  #image = null;

  constructor(models) {
    this.choices = models.flatMap((model) => findLayers(model.network).map((layers, i, all) => ({
      model, layers, name: all.length > 1 ? `${model.name}, network ${i + 1}` : model.name,
    })));
    this.current = this.choices[0];
    find("inside-models").hidden = this.choices.length < 2;
    find("inside-models").append(...this.choices.map((choice) => button(choice.name, () => this.#look(choice), { "aria-pressed": String(choice === this.current) })));
    this.#build();
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.visible = isIntersecting;
      if (isIntersecting) this.#update();
    }, { rootMargin: "200px" }).observe(find("inside"));
  }

  /** Show the layers for an image, or for none. */
  show(image, answers) {
    this.#image = image ?? null;
    this.answers = answers;
    this.stale = true;
    if (this.visible) this.#update();
  }

  #look(choice) {
    this.current = choice;
    this.#chosen = null;
    for (const [i, each] of [...find("inside-models").children].entries()) each.setAttribute("aria-pressed", String(this.choices[i] === choice));
    this.#build();
    this.stale = true;
    this.#update();
  }

  /** Create the elements of all layers; `#update` fills them. */
  #build() {
    const { model: { network }, layers } = this.current;
    this.rows = layers.map((layer) => {
      const { shape } = network.values.get(layer.output) ?? { shape: [] };
      const row = { layer, shape };
      if (layer.kind === "maps") this.#buildMaps(row); else this.#buildUnits(row);
      return row;
    });
    find("layers").replaceChildren(...this.rows.map(({ element }) => element));
    this.#explainChoice();
  }

  #buildMaps(row) {
    const { layer, shape: [, maps, height, width] } = row;
    row.canvases = Array.from({ length: Math.min(maps, MAPS) }, () => make("canvas", { width, height, className: "pixels" }));
    const buttons = row.canvases.map((canvas, index) => {
      const choice = button("", () => this.#choose(layer, index), { "aria-label": `Map ${index + 1} of ${layer.title}`, "aria-pressed": "false" });
      choice.addEventListener("pointerenter", () => this.#explain(layer, index));
      choice.addEventListener("pointerleave", () => this.#explainChoice());
      choice.append(canvas);
      return choice;
    });
    row.buttons = buttons;
    const more = maps > MAPS ? `, the first ${MAPS} shown` : "";
    const list = make("div", { className: "maps" }, ...buttons);
    list.style.setProperty("--side", height > 14 ? "3.6rem" : "2.6rem");
    row.element = section(layer.title, `${maps} maps of ${height} × ${width}${more}`, list);
  }

  #buildUnits(row) {
    const { layer, shape: [, units] } = row;
    row.list = make("ol", { className: "units" });
    row.note = make("p", { className: "muted small" });
    row.pictures = layer.isLast && this.#seesPixels(layer) ? make("div", { className: "maps" }) : null;
    row.element = section(layer.title, layer.isLast ? `${units} classes, then softmax` : `${units} units`, row.note, ...(row.pictures ? [row.pictures] : []), row.list);
  }

  #seesPixels(layer) {
    return pixelWeights(this.current.model.network, layer, 0) !== null;
  }

  #update() {
    if (!this.stale) return;
    this.stale = false;
    const { model: { network, view } } = this.current;
    network.run(seenAs(this.#image ?? new Uint8Array(28 * 28), view));
    for (const row of this.rows) if (row.canvases) this.#updateMaps(row); else this.#updateUnits(row);
    this.#explainChoice();
  }

  #updateMaps({ layer, canvases, shape: [, , height, width] }) {
    const { data } = this.current.model.network.values.get(layer.output), most = largest(data), isSigned = data.some((value) => value < 0);
    canvases.forEach((canvas, i) => paintHeat(canvas, this.#image ? data.subarray(i * height * width, (i + 1) * height * width) : new Float32Array(height * width), most, isSigned));
  }

  /** The last layer: what the inputs add to each class. Others: the units that are most active. */
  #updateUnits({ layer, list, note, pictures }) {
    const { model: { network } } = this.current, { data } = network.values.get(layer.output);
    const names = network.card.class_names, most = largest(data);
    const order = Array.from(data, (value, i) => [value, i]).sort((a, b) => (layer.isLast ? 0 : Math.abs(b[0]) - Math.abs(a[0])));
    note.textContent = layer.isLast
      ? "The score of each class: softmax turns them into probabilities. Choose one to see what speaks for it."
      : `The ${Math.min(UNITS, data.length)} most active units.`;
    const shown = this.#image ? order.slice(0, layer.isLast ? order.length : UNITS) : [];
    const focused = [...list.querySelectorAll("button")].indexOf(document.activeElement);
    list.replaceChildren(...shown.map(([value, i]) => {
      const label = layer.isLast ? names[i] : `unit ${i + 1}`, bar = make("i");
      bar.style.setProperty("--share", Math.abs(value) / most);
      const choice = button("", () => this.#choose(layer, i), { "aria-pressed": String(this.#isChosen(layer, i)), "aria-label": `${label}: ${value.toFixed(2)}` });
      choice.append(make("span", {}, label), bar, make("span", { className: "number" }, signed(value)));
      choice.addEventListener("pointerenter", () => this.#explain(layer, i));
      choice.addEventListener("pointerleave", () => this.#explainChoice());
      return make("li", { className: value < 0 ? "against" : "" }, choice);
    }));
    if (focused >= 0) list.querySelectorAll("button")[focused]?.focus();
    if (pictures) this.#updatePictures(layer, pictures, names);
  }

  /** For a network without hidden layers: each class's weights times the drawing. */
  #updatePictures(layer, pictures, names) {
    const maps = this.#image ? names.map((_, i) => contributions(this.current.model.network, layer, i)) : [];
    const most = Math.max(...maps.map(largest));
    pictures.replaceChildren(...maps.map((map, i) => {
      const canvas = make("canvas", { width: 28, height: 28, className: "pixels", role: "img", "aria-label": `Weights of ${names[i]} times the drawing` });
      paintHeat(canvas, map, most, true);
      return make("figure", {}, canvas, make("figcaption", {}, names[i]));
    }));
    pictures.style.setProperty("--side", "4.2rem");
  }

  // Detail

  #isChosen(layer, index) { return this.#chosen?.layer === layer && this.#chosen.index === index; }

  #choose(layer, index) {
    this.#chosen = this.#isChosen(layer, index) ? null : { layer, index };
    for (const { layer: each, buttons } of this.rows) {
      buttons?.forEach((one, i) => one.setAttribute("aria-pressed", String(this.#isChosen(each, i))));
    }
    this.stale = true;
    this.#update();
  }

  #explainChoice() {
    if (this.#chosen) this.#explain(this.#chosen.layer, this.#chosen.index);
    else find("detail").replaceChildren(make("h3", {}, "Point at a map"), make("p", { className: "muted" }, "Here you see it large, and which part of your drawing makes it bright."));
  }

  #explain(layer, index) {
    if (!this.#image) return;
    find("detail").replaceChildren(...(layer.kind === "maps" ? this.#mapDetail(layer, index) : this.#unitDetail(layer, index)));
  }

  #mapDetail(layer, index) {
    const { model: { network } } = this.current, { data, shape: [, , height, width] } = network.values.get(layer.output);
    const map = data.subarray(index * height * width, (index + 1) * height * width);
    const brightest = map.reduce((best, value, i) => (value > map[best] ? i : best), 0);
    const part = lookedAt(layer.window, brightest % width, Math.floor(brightest / width));
    const large = make("canvas", { width, height, className: "pixels", role: "img", "aria-label": "The map" });
    paintHeat(large, map);
    const active = map[brightest] > 0;
    const elements = [
      make("h3", {}, `${layer.title}, map ${index + 1}`),
      make("div", { className: "pair" }, make("figure", {}, this.#marked(active ? part : null), "your drawing"), make("figure", {}, large, "the map")),
      make("p", {}, active ? `It is brightest for the square of ${part.side} × ${part.side} pixels that is marked: that is where it finds its pattern.` : "It is dark: its pattern is not in your drawing."),
    ];
    const weight = network.constants.get(layer.node.inputs[1]);
    if (weight?.shape[1] === 1) elements.push(...this.#kernel(weight, index));
    elements.push(make("p", { className: "muted small" }, `Values from ${Math.min(...map).toFixed(2)} to ${map[brightest].toFixed(2)}.`));
    return elements;
  }

  /** The image with a square marked. */
  #marked(part) {
    const canvas = make("canvas", { width: 224, height: 224, role: "img", "aria-label": "The image with the marked part" });
    const small = make("canvas", { width: 28, height: 28 }), context = canvas.getContext("2d");
    paint(small, seenAs(this.#image, this.current.model.view));
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, 224, 224);
    if (part) {
      context.strokeStyle = "rgb(240 138 75)";
      context.lineWidth = 4;
      context.strokeRect(8 * part.left, 8 * part.top, 8 * part.side, 8 * part.side);
    }
    return canvas;
  }

  #kernel({ data, shape: [, , height, width] }, index) {
    const canvas = make("canvas", { width, height, className: "pixels", role: "img", "aria-label": "Its weights" });
    paintHeat(canvas, data.subarray(index * height * width, (index + 1) * height * width), undefined, true);
    canvas.style.maxWidth = "7rem";
    return [make("p", {}, "The pattern it looks for: ink where it is orange, none where it is blue."), canvas];
  }

  #unitDetail(layer, unit) {
    const { model: { network } } = this.current, names = network.card.class_names;
    const added = contributions(network, layer, unit), { data } = network.values.get(layer.output);
    const title = layer.isLast ? `Why ${names[unit]}, why not` : `${layer.title}, unit ${unit + 1}`;
    const elements = [make("h3", {}, title), legend()];
    if (added.length === 28 * 28) {
      const pictures = [["its weights", pixelWeights(network, layer, unit)], ["times the drawing", added]].map(([text, values]) => {
        const canvas = make("canvas", { width: 28, height: 28, className: "pixels", role: "img", "aria-label": text });
        paintHeat(canvas, values, undefined, true);
        return make("figure", {}, canvas, text);
      });
      elements.push(make("div", { className: "pair" }, ...pictures));
    } else elements.push(...this.#origins(layer, added));
    elements.push(make("p", { className: "muted small" }, `Its value is ${data[unit].toFixed(2)}; what goes in adds ${added.reduce((a, b) => a + b, 0).toFixed(2)} to it before bias and activation.`));
    return elements;
  }

  /** Where the contributions come from: maps of the layer before, or its units. */
  #origins(layer, added) {
    const before = this.current.layers[this.current.layers.indexOf(layer) - 1];
    const maps = before?.kind === "maps" ? this.current.model.network.values.get(before.output).shape[1] : added.length;
    const sums = new Float32Array(maps), size = added.length / maps;
    added.forEach((value, i) => { sums[Math.floor(i / size)] += value; });
    const order = Array.from(sums, (value, i) => [value, i]).sort((a, b) => Math.abs(b[0]) - Math.abs(a[0])).slice(0, 8), most = Math.abs(order[0][0]) || 1;
    const word = before?.kind === "maps" ? "map" : "unit";
    return [make("p", {}, `What matters most, of ${before?.title ?? "the input"}:`), make("ol", { className: "units" }, ...order.map(([value, i]) => {
      const bar = make("i");
      bar.style.setProperty("--share", Math.abs(value) / most);
      return make("li", { className: value < 0 ? "against" : "" }, make("span", { className: "row" }, make("span", {}, `${word} ${i + 1}`), bar, make("span", { className: "number" }, signed(value))));
    }))];
  }
}

const signed = (value) => `${value < 0 ? "−" : ""}${Math.abs(value).toFixed(1)}`;

const legend = () => make("p", { className: "legend" }, make("span", {}, "against"), make("i"), make("span", {}, "for"));

function section(title, size, ...content) {
  return make("section", { className: "layer" }, make("h3", {}, title, make("span", {}, size)), ...content);
}
