"use strict";
(() => {
  const root = document.documentElement;
  const data = JSON.parse(document.getElementById("data").textContent);
  const showAll = document.getElementById("evidence");
  root.classList.add("js");

  // Evidence: an occlusion map of 7 x 7 patches, interpolated over the image

  const SIDE = 7, PADDED = SIDE + 2, STEP = 0.125; // stride of the patches, as a share of the side
  const MAX_OPACITY = 0.85;

  function colour(variable) {
    return getComputedStyle(root).getPropertyValue(variable).trim().split(/\s+/).map(Number);
  }

  function evidenceCanvas(evidence) {
    const levels = Int8Array.from(atob(evidence), (letter) => letter.charCodeAt(0));
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = PADDED;
    const context = canvas.getContext("2d");
    const picture = context.createImageData(PADDED, PADDED);
    const colours = [colour("--against"), colour("--for")];
    const clamp = (index) => Math.min(Math.max(index - 1, 0), SIDE - 1);
    for (let y = 0; y < PADDED; y++) {
      for (let x = 0; x < PADDED; x++) {
        const level = levels[clamp(y) * SIDE + clamp(x)] / 127;
        const opacity = 255 * MAX_OPACITY * Math.abs(level);
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
    context.drawImage(evidenceCanvas(evidence), start, start, PADDED * STEP * side, PADDED * STEP * side);
    return canvas;
  }

  function showEvidence(tile, shown) {
    const button = tile.querySelector(".image");
    const image = data.images[tile.dataset.index];
    button.setAttribute("aria-pressed", String(shown));
    button.querySelector("canvas")?.remove();
    if (shown) button.append(overlay(image.evidence));
    button.title = shown
      ? `The strongest patch changes the log odds by ${image.strongest}`
      : "Show the evidence";
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".image");
    if (button) showEvidence(button.closest(".tile"), button.getAttribute("aria-pressed") !== "true");
  });
  showAll?.addEventListener("change", () => {
    for (const tile of document.querySelectorAll(".tile")) showEvidence(tile, showAll.checked);
  });

  // Images of a cell of the confusion matrix

  const panel = document.getElementById("cell");
  const template = document.getElementById("tile");

  function source(index) {
    return data.images[index].src ?? document.querySelector(`[data-index="${index}"] img`).src;
  }

  function classItem([label, probability, percent], trueLabel) {
    const item = document.createElement("li");
    item.style.setProperty("--probability", probability);
    item.classList.toggle("correct", label === trueLabel);
    for (const [name, text] of [["name", data.classes[label]], ["probability", percent]]) {
      const span = document.createElement("span");
      span.className = name;
      span.textContent = span.title = text;
      item.append(span);
    }
    return item;
  }

  function tile(index) {
    const image = data.images[index];
    const item = template.content.firstElementChild.cloneNode(true);
    const picture = item.querySelector("img");
    item.dataset.index = index;
    picture.src = source(index);
    picture.alt = image.alt;
    item.querySelector("b").textContent = data.classes[image.true];
    item.querySelector("ol").append(...image.top.map((entry) => classItem(entry, image.true)));
    showEvidence(item, showAll?.checked ?? false);
    return item;
  }

  const cells = [...document.querySelectorAll("[data-cell]")];

  function open(button) {
    const indices = data.cells[button.dataset.cell];
    for (const other of cells) other.setAttribute("aria-expanded", String(other === button));
    const [label, predicted] = button.dataset.cell.split("-").map((k) => data.classes[k]);
    document.getElementById("cell-title").textContent =
      `True ${label}, predicted ${predicted}: ${indices.length} of ${button.textContent} shown`;
    panel.querySelector(".gallery").replaceChildren(...indices.map(tile));
    panel.hidden = false;
    panel.scrollIntoView({ block: "nearest" });
  }

  function neighbour(button, key) {
    const cell = button.parentElement;
    const across = key === "ArrowLeft" || key === "ArrowRight";
    const back = key === "ArrowLeft" || key === "ArrowUp";
    const rows = [...cell.closest("tbody").rows];
    const line = across ? [...cell.parentElement.cells] : rows.map((row) => row.cells[cell.cellIndex]);
    const position = line.indexOf(cell);
    const ahead = back ? line.slice(0, position).reverse() : line.slice(position + 1);
    return ahead.map((other) => other.querySelector("[data-cell]")).find(Boolean);
  }

  function makeFocusable(target) {
    for (const button of cells) button.tabIndex = button === target ? 0 : -1;
  }

  for (const button of cells) {
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-controls", "cell");
    button.addEventListener("focus", () => makeFocusable(button));
    button.addEventListener("click", () => open(button));
    button.addEventListener("keydown", (event) => {
      if (!event.key.startsWith("Arrow")) return;
      event.preventDefault();
      neighbour(button, event.key)?.focus();
    });
  }
  makeFocusable(cells[0]); // none in a report of labels

  // Sortable tables

  function sort(header) {
    const table = header.closest("table"), body = table.tBodies[0];
    const column = header.cellIndex;
    const descending = header.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.querySelectorAll("[aria-sort]")) other.setAttribute("aria-sort", "none");
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const value = (row) => Number(row.cells[column].dataset.value);
    const sign = descending ? -1 : 1;
    body.append(...[...body.rows].sort((one, other) => sign * (value(one) - value(other))));
  }

  for (const button of document.querySelectorAll(".sortable thead button")) {
    button.addEventListener("click", () => sort(button.parentElement));
  }
})();
