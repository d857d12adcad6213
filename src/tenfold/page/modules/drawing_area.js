// The drawing area: strokes by pointer or keyboard over an optional photo, undo and redo.

const MARGIN = 0.18; // around the drawing, relative to its longer side
const SHORT_SIDE = 240, LONG_SIDE = 640; // pixels of a drawing that is sent
const COLUMNS = 24; // of the grid for drawing by keyboard
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class DrawingArea extends EventTarget {
  /** Strokes, photos and clearings, oldest first. */
  #layers = [];
  #undone = [];
  #stroke = null;
  #size = [0, 0];
  #cursor = null; // column and row of the grid
  pen = 18; // pixels
  playing = false; // while an example is being drawn
  maxSide = Infinity; // pixels; larger photos are reduced before they are sent

  constructor(element, canvas, marker, describe) {
    super();
    Object.assign(this, { element, canvas, marker, describe, context: canvas.getContext("2d") });
    new ResizeObserver(() => this.#fit()).observe(element);
    this.#fit();
    element.addEventListener("pointerdown", (event) => this.#pointerDown(event));
    element.addEventListener("pointermove", (event) => this.#pointerMove(event));
    for (const kind of ["pointerup", "pointercancel"]) {
      element.addEventListener(kind, (event) => this.#pointerUp(event));
    }
    element.addEventListener("keydown", (event) => this.#key(event));
    element.addEventListener("blur", () => this.#leave());
  }

  /** Strokes and photos that are visible, oldest first. */
  get layers() {
    const cleared = this.#layers.findLastIndex((layer) => layer.cleared);
    return this.#layers.slice(this.#layers[cleared]?.photo ? cleared : cleared + 1);
  }
  get empty() { return this.layers.length === 0; }
  /** Whether the pen is down, or an example is being drawn. */
  get drawing() { return this.#stroke !== null || this.playing; }
  /** Whether all strokes were set, none drawn. */
  get showsExample() { return this.#layers.every((layer) => layer.example); }
  /** The photo that is drawn on, or null. */
  get photo() { return this.layers.find((layer) => layer.photo)?.photo ?? null; }
  get canUndo() { return this.#layers.length > 0; }
  get canRedo() { return this.#undone.length > 0; }
  /** The last point of the latest stroke, or null. */
  get last() { return this.layers.at(-1)?.points?.at(-1) ?? null; }

  undo() { this.#move(this.#layers, this.#undone); }
  redo() { this.#move(this.#undone, this.#layers); }
  clear() { if (!this.empty) this.#add({ cleared: true }); }

  /** Replace the drawing by a picture; strokes can be drawn over it. */
  place(photo, blob) { this.#add({ cleared: true, photo, blob }); }

  redraw() {
    const [width, height] = this.#size;
    this.context.clearRect(0, 0, width, height);
    for (const layer of this.layers) this.#paint(this.context, layer, this.#ink());
  }

  /** The strokes, each { points, width }, relative to the width of the area and its centre. */
  get strokes() {
    const [width, height] = this.#size;
    const relative = ([x, y, pressure]) => [(x - width / 2) / width, (y - height / 2) / width, pressure];
    return this.layers.filter(({ points }) => points).map((layer) => ({ points: layer.points.map(relative), width: layer.width / width }));
  }

  /** Replace the drawing by strokes. */
  set strokes(strokes) {
    const [width, height] = this.#size;
    const absolute = ([x, y, pressure = 1]) => [x * width + width / 2, y * width + height / 2, pressure];
    this.#stroke = null;
    this.#undone = [];
    this.#layers = strokes.map((stroke) => ({ points: stroke.points.map(absolute), width: stroke.width * width, example: true }));
    this.redraw();
    this.#changed();
  }

  /** The ink of layers in black on transparency, in the size in which it is read; null without layers. */
  raster(layers = this.layers) {
    if (!layers.length) return null;
    const [left, top, right, bottom] = layers.some((layer) => layer.photo)
      ? [0, 0, ...this.#size]
      : this.#inkBox(layers);
    const [width, height] = [right - left, bottom - top];
    const scale = Math.min(SHORT_SIDE / Math.min(width, height), LONG_SIDE / Math.max(width, height));
    const canvas = new OffscreenCanvas(Math.ceil(width * scale), Math.ceil(height * scale));
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.setTransform(scale, 0, 0, scale, -left * scale, -top * scale);
    for (const layer of layers) this.#paint(context, layer, "#000");
    context.resetTransform();
    return { context, left, top, scale };
  }

  /** The picture to send and its position and scale in the area, or null if the area is empty. */
  async picture() {
    const layers = this.layers;
    if (layers.length === 1 && layers[0].photo) return this.#photoToSend(layers[0]);
    const raster = this.raster();
    if (!raster) return null;
    const { context, ...place } = raster;
    context.globalCompositeOperation = "destination-over";
    context.fillStyle = "#fff";
    context.fillRect(0, 0, context.canvas.width, context.canvas.height);
    return { blob: await context.canvas.convertToBlob({ type: "image/png" }), ...place };
  }

  async #photoToSend({ photo, blob }) {
    const [left, top, , , scale] = this.#placed(photo);
    if (Math.max(photo.width, photo.height) <= this.maxSide) return { blob, left, top, scale: 1 / scale };
    const reduction = this.maxSide / Math.max(photo.width, photo.height);
    const canvas = new OffscreenCanvas(Math.round(photo.width * reduction), Math.round(photo.height * reduction));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(photo, 0, 0, canvas.width, canvas.height);
    const reduced = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 });
    return { blob: reduced, left, top, scale: reduction / scale };
  }

  #inkBox(layers) {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const { points, width } of layers) {
      for (const [x, y] of points) {
        box[0] = Math.min(box[0], x - width / 2);
        box[1] = Math.min(box[1], y - width / 2);
        box[2] = Math.max(box[2], x + width / 2);
        box[3] = Math.max(box[3], y + width / 2);
      }
    }
    const margin = Math.max(24, MARGIN * Math.max(box[2] - box[0], box[3] - box[1]));
    return [box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin];
  }

  #move(from, to) {
    if (!from.length || this.drawing) return;
    to.push(from.pop());
    this.redraw();
    this.#changed();
  }

  #add(layer) {
    this.#layers.push(layer);
    this.#undone = [];
    this.redraw();
    this.#changed();
  }

  #changed() { this.dispatchEvent(new Event("change")); }

  #ink() { return getComputedStyle(this.element).color; }

  #fit() {
    const { clientWidth: width, clientHeight: height } = this.element;
    const [oldWidth, oldHeight] = this.#size;
    if (!width || (width === oldWidth && height === oldHeight)) return;
    const density = Math.min(devicePixelRatio || 1, 3);
    this.canvas.width = Math.round(width * density);
    this.canvas.height = Math.round(height * density);
    this.context.setTransform(density, 0, 0, density, 0, 0);
    this.#size = [width, height];
    if (oldWidth) this.#rescale(Math.min(width / oldWidth, height / oldHeight), width, height, oldWidth, oldHeight);
    this.redraw();
    this.dispatchEvent(new Event("resize"));
  }

  /** Scale the drawing and keep it centred when the area changes its size. */
  #rescale(scale, width, height, oldWidth, oldHeight) {
    const [dx, dy] = [(width - oldWidth * scale) / 2, (height - oldHeight * scale) / 2];
    for (const layer of [...this.#layers, ...this.#undone]) {
      if (!layer.points) continue;
      layer.width *= scale;
      layer.points = layer.points.map(([x, y, pressure]) => [x * scale + dx, y * scale + dy, pressure]);
    }
  }

  #placed(photo) {
    const [width, height] = this.#size;
    const scale = Math.min(width / photo.width, height / photo.height);
    const [scaledWidth, scaledHeight] = [photo.width * scale, photo.height * scale];
    return [(width - scaledWidth) / 2, (height - scaledHeight) / 2, scaledWidth, scaledHeight, scale];
  }

  #paint(context, { points, width, photo }, ink) {
    if (photo) {
      const [left, top, scaledWidth, scaledHeight] = this.#placed(photo);
      context.imageSmoothingQuality = "high";
      context.drawImage(photo, left, top, scaledWidth, scaledHeight);
    }
    for (let i = 0; i < (points?.length ?? 0); i++) this.#segment(context, points, i, width, ink);
  }

  /** Paint a stroke up to its point i, as quadratic curves between the midpoints of its chords. */
  #segment(context, points, i, width, ink) {
    const midpoint = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    const [previous, current] = [points[Math.max(0, i - 1)], points[i]];
    const start = i < 2 ? previous : midpoint(points[i - 2], previous);
    context.strokeStyle = ink;
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = width * current[2];
    context.beginPath();
    context.moveTo(...start.slice(0, 2));
    context.quadraticCurveTo(previous[0], previous[1], ...midpoint(previous, current));
    if (i === points.length - 1) context.lineTo(current[0], current[1]);
    context.stroke();
    if (points.length === 1) { // lines of no length may leave nothing
      context.fillStyle = ink;
      context.beginPath();
      context.arc(current[0], current[1], (width * current[2]) / 2, 0, 2 * Math.PI);
      context.fill();
    }
  }

  #at(event) {
    const box = this.element.getBoundingClientRect();
    const pressure = event.pointerType === "pen" && event.pressure > 0 ? 0.5 + event.pressure : 1;
    return [event.clientX - box.left - this.element.clientLeft, event.clientY - box.top - this.element.clientTop, pressure];
  }

  #pointerDown(event) {
    if (this.drawing || event.button !== 0 || !event.isPrimary) return;
    this.element.setPointerCapture(event.pointerId);
    this.#leave();
    this.#begin(this.#at(event), event.pointerId);
  }

  #pointerMove(event) {
    if (this.#stroke?.pointer !== event.pointerId) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.#extend(this.#at(each));
    this.#changed();
  }

  #pointerUp(event) {
    if (this.#stroke?.pointer !== event.pointerId) return;
    this.#end();
  }

  #begin(point, pointer) {
    this.#stroke = { points: [point], width: this.pen, pointer };
    this.#layers.push(this.#stroke);
    this.#undone = [];
    this.#segment(this.context, this.#stroke.points, 0, this.pen, this.#ink());
    this.#changed();
  }

  #extend(point) {
    const { points, width } = this.#stroke;
    const [x, y] = points.at(-1);
    if (Math.hypot(point[0] - x, point[1] - y) < 0.75) return;
    points.push(point);
    this.#segment(this.context, points, points.length - 1, width, this.#ink());
  }

  #end() {
    this.#stroke = null;
    this.redraw();
    this.#changed();
  }

  // Keyboard

  #key(event) {
    const move = ARROWS[event.key];
    if (event.ctrlKey || event.altKey || event.metaKey || !(move || event.key === " " || event.key === "Escape")) return;
    if (event.key === "Escape" && !this.drawing) return;
    event.preventDefault();
    event.stopPropagation();
    const step = this.#size[0] / COLUMNS, rows = Math.floor(this.#size[1] / step);
    this.#cursor ??= { column: COLUMNS / 2, row: Math.floor(rows / 2) };
    if (move) {
      this.#cursor.column = Math.min(Math.max(this.#cursor.column + move[0], 1), COLUMNS - 1);
      this.#cursor.row = Math.min(Math.max(this.#cursor.row + move[1], 1), rows - 1);
    }
    const point = [this.#cursor.column * step, this.#cursor.row * step, 1];
    if (this.#stroke?.pointer === "keys") {
      if (move) this.#extend(point), this.#changed();
      else this.#end();
    } else if (event.key === " ") this.#begin(point, "keys");
    this.#mark(point);
    this.describe(`Column ${this.#cursor.column}, row ${this.#cursor.row}, pen ${this.drawing ? "down" : "up"}`);
  }

  #mark([x, y]) {
    this.marker.hidden = false;
    this.marker.classList.toggle("down", this.drawing);
    this.marker.style.setProperty("--x", `${x}px`);
    this.marker.style.setProperty("--y", `${y}px`);
  }

  #leave() {
    if (this.#stroke?.pointer === "keys") this.#end();
    this.marker.hidden = true;
  }
}
