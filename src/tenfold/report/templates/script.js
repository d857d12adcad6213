"use strict";
(() => {
  const root = document.documentElement;
  const data = JSON.parse(document.getElementById("data").textContent);
  const all = document.getElementById("evidence");
  root.classList.add("js");

  // Evidence: a map of 7 x 7 over the image, smoothly enlarged

  const SIDE = 7, PADDED = SIDE + 2, STEP = 0.125; // the patches move by an eighth of the side
  const STRONGEST = 0.85; // opacity

  function colour(variable) {
    return getComputedStyle(root).getPropertyValue(variable).trim().split(/\s+/).map(Number);
  }

  function small(evidence) {
    const levels = Int8Array.from(atob(evidence), (letter) => letter.charCodeAt(0));
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = PADDED;
    const context = canvas.getContext("2d");
    const picture = context.createImageData(PADDED, PADDED);
    const colours = [colour("--against"), colour("--for")];
    const within = (place) => Math.min(Math.max(place - 1, 0), SIDE - 1);
    for (let y = 0; y < PADDED; y++) {
      for (let x = 0; x < PADDED; x++) {
        const level = levels[within(y) * SIDE + within(x)] / 127;
        const opacity = 255 * STRONGEST * Math.abs(level);
        picture.data.set([...colours[Number(level > 0)], opacity], 4 * (y * PADDED + x));
      }
    }
    context.putImageData(picture, 0, 0);
    return canvas;
  }

  function overlay(evidence) {
    const canvas = document.createElement("canvas");
    const side = canvas.width = canvas.height = 224;
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    const start = (1 - PADDED * STEP) / 2 * side;
    context.drawImage(small(evidence), start, start, PADDED * STEP * side, PADDED * STEP * side);
    return canvas;
  }

  function showEvidence(tile, shown) {
    const button = tile.querySelector(".image");
    const image = data.images[tile.dataset.place];
    button.setAttribute("aria-pressed", String(shown));
    button.querySelector("canvas")?.remove();
    if (shown) button.append(overlay(image.evidence));
    button.title = shown
      ? `The strongest place changes the log odds by ${image.strongest}`
      : "Show the evidence";
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".image");
    if (button) showEvidence(button.closest(".tile"), button.getAttribute("aria-pressed") !== "true");
  });
  all?.addEventListener("change", () => {
    for (const tile of document.querySelectorAll(".tile")) showEvidence(tile, all.checked);
  });

  // Images behind a cell of the confusion matrix

  const panel = document.getElementById("cell");
  const blank = document.getElementById("tile");

  function source(place) {
    return data.images[place].src ?? document.querySelector(`[data-place="${place}"] img`).src;
  }

  function answer([label, chance, told], right) {
    const item = document.createElement("li");
    item.style.setProperty("--chance", chance);
    item.classList.toggle("right", label === right);
    for (const [name, text] of [["name", data.classes[label]], ["chance", told]]) {
      const span = document.createElement("span");
      span.className = name;
      span.textContent = span.title = text;
      item.append(span);
    }
    return item;
  }

  function tile(place) {
    const image = data.images[place];
    const item = blank.content.firstElementChild.cloneNode(true);
    const picture = item.querySelector("img");
    item.dataset.place = place;
    picture.src = source(place);
    picture.alt = image.alt;
    item.querySelector("b").textContent = data.classes[image.true];
    item.querySelector("ol").append(...image.top.map((pair) => answer(pair, image.true)));
    showEvidence(item, all?.checked ?? false);
    return item;
  }

  const cells = [...document.querySelectorAll("[data-cell]")];

  function open(button) {
    const places = data.cells[button.dataset.cell];
    for (const other of cells) other.setAttribute("aria-expanded", String(other === button));
    const [label, predicted] = button.dataset.cell.split("-").map((k) => data.classes[k]);
    document.getElementById("cell-title").textContent =
      `True ${label}, predicted ${predicted}: ${places.length} of ${button.textContent} shown`;
    panel.querySelector(".gallery").replaceChildren(...places.map(tile));
    panel.hidden = false;
    panel.scrollIntoView({ block: "nearest" });
  }

  function neighbour(button, key) {
    const cell = button.parentElement;
    const across = key === "ArrowLeft" || key === "ArrowRight";
    const back = key === "ArrowLeft" || key === "ArrowUp";
    const rows = [...cell.closest("tbody").rows];
    const line = across ? [...cell.parentElement.cells] : rows.map((row) => row.cells[cell.cellIndex]);
    const place = line.indexOf(cell);
    const ahead = back ? line.slice(0, place).reverse() : line.slice(place + 1);
    return ahead.map((other) => other.querySelector("[data-cell]")).find(Boolean);
  }

  function rove(to) {
    for (const button of cells) button.tabIndex = button === to ? 0 : -1;
  }

  for (const button of cells) {
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-controls", "cell");
    button.addEventListener("focus", () => rove(button));
    button.addEventListener("click", () => open(button));
    button.addEventListener("keydown", (event) => {
      if (!event.key.startsWith("Arrow")) return;
      event.preventDefault();
      neighbour(button, event.key)?.focus();
    });
  }
  rove(cells[0]);

  // Tables that sort

  function sort(header) {
    const table = header.closest("table"), body = table.tBodies[0];
    const place = header.cellIndex;
    const falling = header.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.querySelectorAll("[aria-sort]")) other.setAttribute("aria-sort", "none");
    header.setAttribute("aria-sort", falling ? "descending" : "ascending");
    const value = (row) => Number(row.cells[place].dataset.value);
    const sign = falling ? -1 : 1;
    body.append(...[...body.rows].sort((one, other) => sign * (value(one) - value(other))));
  }

  for (const button of document.querySelectorAll(".sortable thead button")) {
    button.addEventListener("click", () => sort(button.parentElement));
  }
})();
