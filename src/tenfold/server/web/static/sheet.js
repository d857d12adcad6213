// The sheet: strokes by pointer or keyboard, a photo under them, undo and redo.

const MARGIN = 0.18; // of the ink's longer side, left free around it in what is sent
const SHORT = 240, LONG = 640; // pixels of what is sent: the reader enlarges less than 224
const COLUMNS = 24; // of the grid that the keyboard draws on
const PHOTO = 2000; // pixels: the reader reduces longer pictures to that itself
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Sheet extends EventTarget {
  /** What is on it, oldest first: strokes, photos, and the places where it was cleared. */
  #layers = [];
  #undone = [];
  #stroke = null;
  #size = [0, 0];
  #cursor = null; // column, row, whether the pen is down
  pen = 18;

  constructor(element, canvas, marker, tell) {
    super();
    Object.assign(this, { element, canvas, marker, tell, context: canvas.getContext("2d") });
    new ResizeObserver(() => this.#fit()).observe(element);
    this.#fit();
    element.addEventListener("pointerdown", (event) => this.#down(event));
    element.addEventListener("pointermove", (event) => this.#move(event));
    for (const kind of ["pointerup", "pointercancel"]) {
      element.addEventListener(kind, (event) => this.#up(event));
    }
    element.addEventListener("keydown", (event) => this.#key(event));
    element.addEventListener("blur", () => this.#leave());
  }

  get #shown() {
    const cleared = this.#layers.findLastIndex((layer) => layer.cleared);
    return this.#layers.slice(this.#layers[cleared]?.photo ? cleared : cleared + 1);
  }
  get empty() { return this.#shown.length === 0; }
  get drawing() { return this.#stroke !== null; }
  get photo() { return this.#shown.some((layer) => layer.photo); }
  get canUndo() { return this.#layers.length > 0; }
  get canRedo() { return this.#undone.length > 0; }
  /** Where the pen was last, for whoever wants to know which digit is being drawn. */
  get last() { return this.#shown.at(-1)?.points?.at(-1) ?? null; }

  undo() { this.#pass(this.#layers, this.#undone); }
  redo() { this.#pass(this.#undone, this.#layers); }
  clear() { if (!this.empty) this.#add({ cleared: true }); }

  /** Begin anew with a picture, on which one can draw. */
  place(photo, blob) { this.#add({ cleared: true, photo, blob }); }

  redraw() {
    const [width, height] = this.#size;
    this.context.clearRect(0, 0, width, height);
    for (const layer of this.#shown) this.#paint(this.context, layer, this.#ink());
  }

  /** What to send, and how its pixels lie on the sheet; null for an empty sheet. */
  async picture() {
    const shown = this.#shown;
    if (!shown.length) return null;
    if (shown.length === 1 && shown[0].photo) return this.#wholePhoto(shown[0]);
    const [left, top, right, bottom] = shown.some((layer) => layer.photo)
      ? [0, 0, ...this.#size]
      : this.#inked(shown);
    const [width, height] = [right - left, bottom - top];
    const scale = Math.min(SHORT / Math.min(width, height), LONG / Math.max(width, height));
    const canvas = new OffscreenCanvas(Math.ceil(width * scale), Math.ceil(height * scale));
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.setTransform(scale, 0, 0, scale, -left * scale, -top * scale);
    for (const layer of shown) this.#paint(context, layer, "#000");
    return { blob: await canvas.convertToBlob({ type: "image/png" }), left, top, scale };
  }

  async #wholePhoto({ photo, blob }) {
    const [left, top, , , scale] = this.#placed(photo);
    if (Math.max(photo.width, photo.height) <= PHOTO) return { blob, left, top, scale: 1 / scale };
    const less = PHOTO / Math.max(photo.width, photo.height);
    const canvas = new OffscreenCanvas(Math.round(photo.width * less), Math.round(photo.height * less));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(photo, 0, 0, canvas.width, canvas.height);
    const reduced = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 });
    return { blob: reduced, left, top, scale: less / scale };
  }

  #inked(layers) {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const { points, width } of layers) {
      for (const [x, y] of points) {
        box[0] = Math.min(box[0], x - width / 2);
        box[1] = Math.min(box[1], y - width / 2);
        box[2] = Math.max(box[2], x + width / 2);
        box[3] = Math.max(box[3], y + width / 2);
      }
    }
    const free = Math.max(24, MARGIN * Math.max(box[2] - box[0], box[3] - box[1]));
    return [box[0] - free, box[1] - free, box[2] + free, box[3] + free];
  }

  #pass(from, to) {
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
    const [before, tall] = this.#size;
    if (!width || (width === before && height === tall)) return;
    const dense = Math.min(devicePixelRatio || 1, 3);
    this.canvas.width = Math.round(width * dense);
    this.canvas.height = Math.round(height * dense);
    this.context.setTransform(dense, 0, 0, dense, 0, 0);
    this.#size = [width, height];
    if (before) this.#moveAll(Math.min(width / before, height / tall), width, height, before, tall);
    this.redraw();
    this.dispatchEvent(new Event("resize"));
  }

  /** Keep the drawing whole and in the middle when the sheet changes its size. */
  #moveAll(scale, width, height, before, tall) {
    const [right, down] = [(width - before * scale) / 2, (height - tall * scale) / 2];
    for (const layer of [...this.#layers, ...this.#undone]) {
      if (!layer.points) continue;
      layer.width *= scale;
      layer.points = layer.points.map(([x, y, force]) => [x * scale + right, y * scale + down, force]);
    }
  }

  #placed(photo) {
    const [width, height] = this.#size;
    const scale = Math.min(width / photo.width, height / photo.height);
    const [wide, tall] = [photo.width * scale, photo.height * scale];
    return [(width - wide) / 2, (height - tall) / 2, wide, tall, scale];
  }

  #paint(context, { points, width, photo }, ink) {
    if (photo) {
      const [left, top, wide, tall] = this.#placed(photo);
      context.imageSmoothingQuality = "high";
      context.drawImage(photo, left, top, wide, tall);
    }
    for (let i = 0; i < (points?.length ?? 0); i++) this.#segment(context, points, i, width, ink);
  }

  /** The piece of a stroke up to its point i: curves from middle to middle of its chords. */
  #segment(context, points, i, width, ink) {
    const middle = (one, other) => [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2];
    const [before, here] = [points[Math.max(0, i - 1)], points[i]];
    const start = i < 2 ? before : middle(points[i - 2], before);
    context.strokeStyle = ink;
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = width * here[2];
    context.beginPath();
    context.moveTo(...start.slice(0, 2));
    context.quadraticCurveTo(before[0], before[1], ...middle(before, here));
    if (i === points.length - 1) context.lineTo(here[0], here[1]);
    context.stroke();
  }

  #at(event) {
    const box = this.element.getBoundingClientRect();
    const force = event.pointerType === "pen" && event.pressure > 0 ? 0.5 + event.pressure : 1;
    return [event.clientX - box.left - this.element.clientLeft, event.clientY - box.top - this.element.clientTop, force];
  }

  #down(event) {
    if (this.drawing || event.button !== 0 || !event.isPrimary) return;
    this.element.setPointerCapture(event.pointerId);
    this.#leave();
    this.#begin(this.#at(event), event.pointerId);
  }

  #move(event) {
    if (this.#stroke?.pointer !== event.pointerId) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.#extend(this.#at(each));
    this.#changed();
  }

  #up(event) {
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

  // By keyboard

  #key(event) {
    const move = MOVES[event.key];
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
    this.tell(`Column ${this.#cursor.column}, row ${this.#cursor.row}, pen ${this.drawing ? "down" : "up"}`);
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
