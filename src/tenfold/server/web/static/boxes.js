// The digits of a reading: their boxes in the drawing area and their crops.

import { button, find, make, pngUrl } from "./dom.js";

export const UNSURE = "?";
const MARGIN = 8; // pixels around a box that still select it

/** The index of the digit at a point of the drawing area, else a default. */
export function digitAt(point, digits, { reading, picture }, otherwise) {
  if (!point || !picture) return otherwise;
  const contains = ({ box }) => {
    const [left, top, right, bottom] = onArea(box, reading, picture);
    return point[0] >= left - MARGIN && point[0] <= right + MARGIN && point[1] >= top - MARGIN && point[1] <= bottom + MARGIN;
  };
  const index = digits.findIndex(contains);
  return index < 0 ? otherwise : index;
}

/** Convert a box from pixels of the picture that was read to the drawing area. */
function onArea(box, reading, picture) {
  const [left, top, right, bottom] = unrotated(box, reading);
  return [
    left / picture.scale + picture.left,
    top / picture.scale + picture.top,
    right / picture.scale + picture.left,
    bottom / picture.scale + picture.top,
  ];
}

/** Convert a box from the rotated picture that was read to the picture as drawn. */
function unrotated([left, top, right, bottom], { size: [width, height], turned }) {
  return {
    0: [left, top, right, bottom],
    90: [height - bottom, left, height - top, right],
    180: [width - right, height - bottom, width - left, height - top],
    270: [top, width - right, bottom, width - left],
  }[turned];
}

/** Show the crops of several digits; a press calls `select` with the index of one. */
export function renderDigits(digits, selected, select) {
  const list = find("digits");
  const focused = list.contains(document.activeElement);
  list.replaceChildren(...(digits.length < 2 ? [] : digits.map((one, index) => {
    const image = make("img", { src: pngUrl(one.image), alt: "", width: 40, height: 40, className: "pixels" });
    const label = make("span", { className: one.accepted ? "" : "unsure" }, one.accepted ? one.label : UNSURE);
    const item = button("", () => select(index), { "aria-pressed": String(index === selected) });
    item.setAttribute("aria-label", `Digit ${index + 1}: ${one.accepted ? one.label : "unknown"}`);
    item.append(image, label);
    return make("li", {}, item);
  })));
  if (focused) list.children[selected]?.firstChild.focus();
}

/** Show the boxes of the digits of a photo, or of several drawn digits; a press calls `select` with the index of one. */
export function renderBoxes(digits, selected, { reading, picture, photo }, select) {
  const visible = picture && (digits.length > 1 || photo) ? digits : [];
  find("boxes").classList.toggle("photo", photo);
  find("boxes").replaceChildren(...visible.flatMap((one, index) => {
    const [left, top, right, bottom] = onArea(one.box, reading, picture);
    const [box, target] = ["rect", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
    const sides = { x: left - 4, y: top - 4, width: right - left + 8, height: bottom - top + 8, rx: 4 };
    for (const [name, value] of Object.entries(sides)) box.setAttribute(name, value);
    box.classList.toggle("selected", index === selected);
    box.classList.toggle("rejected", !one.accepted);
    // On a drawing, only the outline selects: within it, strokes can be added.
    target.setAttribute("d", `M${sides.x} ${sides.y}h${sides.width}v${sides.height}h${-sides.width}z`);
    target.style.pointerEvents = photo ? "all" : "stroke";
    target.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      select(index);
    });
    return [box, target];
  }));
}
