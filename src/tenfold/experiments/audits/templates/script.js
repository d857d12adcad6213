"use strict";
const storageKey = "tenfold-audit-" + document.body.dataset.checksum;
const items = [...document.querySelectorAll(".item")];
const filter = document.getElementById("filter");
const classes = JSON.parse(document.body.dataset.classes);
const columns = ["image", "split", "index", "given", "action", "label"];

// Items with the same image and label share one decision.
const keyOf = (item) => item.dataset.image + " " + item.dataset.given;
const byKey = Map.groupBy
  ? Map.groupBy(items, keyOf)
  : items.reduce((map, item) => map.set(keyOf(item), [...(map.get(keyOf(item)) || []), item]), new Map());
const decisions = new Map(Object.entries(readDecisions()).filter(([key]) => byKey.has(key)));

function readDecisions() {
  try {
    return JSON.parse(localStorage.getItem(storageKey)) || {};
  } catch {
    return {};
  }
}

function writeDecisions() {
  try {
    localStorage.setItem(storageKey, JSON.stringify(Object.fromEntries(decisions)));
  } catch {
    return; // without storage, decisions are lost when the page is closed
  }
}

function decide(item, action, label) {
  decisions.set(keyOf(item), { action, label: action === "relabel" ? label : "" });
  changed(item);
}

function toggle(item, action) {
  const before = decisions.get(keyOf(item));
  if (before && before.action === action) {
    decisions.delete(keyOf(item));
    changed(item);
  } else {
    decide(item, action, item.querySelector("select").value);
  }
}

function changed(item) {
  writeDecisions();
  byKey.get(keyOf(item)).forEach(show);
  count();
}

function show(item) {
  const { action = "", label = "" } = decisions.get(keyOf(item)) || {};
  item.dataset.decision = action;
  for (const button of item.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.dataset.action === action));
  }
  if (label) {
    const list = item.querySelector("select");
    offerClasses(list);
    list.value = label;
  }
}

function count() {
  const actions = [...decisions.values()].map((decision) => decision.action);
  const parts = ["keep", "relabel", "drop"]
    .map((action) => [action, actions.filter((other) => other === action).length])
    .filter(([, number]) => number)
    .map(([action, number]) => number + " " + action);
  document.getElementById("count").textContent = parts.join(", ") || "nothing marked yet";
}

// Pages

class Pages {
  page = 0;

  constructor(section, elements, size) {
    Object.assign(this, { elements, size, found: elements, pager: section.querySelector(".pager") });
    this.pager.addEventListener("click", (event) => this.turn(Number(event.target.dataset.step || 0)));
  }

  get last() { return Math.max(0, Math.ceil(this.found.length / this.size) - 1); }

  /** Show the elements that pass, from the first page on. */
  filter(passes) {
    this.found = this.elements.filter(passes);
    this.show(0);
  }

  show(page) {
    this.page = page;
    const from = page * this.size, shown = new Set(this.found.slice(from, from + this.size));
    for (const element of this.elements) {
      element.hidden = !shown.has(element);
      if (!element.hidden) element.querySelectorAll("select").forEach(offerClasses);
    }
    this.pager.hidden = this.last === 0;
    this.pager.querySelector("span").textContent = `${from + 1} to ${from + shown.size} of ${this.found.length}`;
    for (const button of this.pager.querySelectorAll("button")) {
      const target = page + Number(button.dataset.step);
      button.disabled = target < 0 || target > this.last;
    }
  }

  /** Go some pages on; returns whether there is such a page. Its first image gets the focus, or its last. */
  turn(step, toEnd = false) {
    const page = this.page + step;
    if (!step || page < 0 || page > this.last) return false;
    this.show(page);
    const shown = this.found.slice(page * this.size, (page + 1) * this.size);
    const element = shown.at(toEnd ? -1 : 0);
    (element.matches(".item") ? element : element.querySelector(".item")).focus();
    return true;
  }
}

/** Offer all classes in a list that has only the one that is selected. */
function offerClasses(list) {
  if (list.length > 1) return;
  const selected = list.value;
  list.replaceChildren(...classes.map((name) => new Option(name, name, false, name === selected)));
}

const [candidates, duplicates] = ["candidates", "duplicates"].map((name) => document.getElementById(name).parentElement);
const pages = new Pages(candidates, items.filter((item) => candidates.contains(item)), Number(document.body.dataset.page));
const groupPages = new Pages(duplicates, [...duplicates.querySelectorAll(".group")], 20);

function applyFilter() {
  const wanted = new FormData(filter);
  const passes = (item, name) => {
    const value = wanted.get(name);
    return !value || value === (item.dataset[name] || "open");
  };
  pages.filter((item) => ["split", "given", "predicted", "decision"].every((name) => passes(item, name)));
  document.getElementById("shown").textContent = `${pages.found.length} of ${pages.elements.length}`;
}

const quoted = (value) => (/[",\r\n]/.test(value) ? '"' + value.replaceAll('"', '""') + '"' : value);

function corrections() {
  const rows = [...decisions].map(([key, decision]) => {
    const { image, split, index, given } = byKey.get(key)[0].dataset;
    return [image, split, index, given, decision.action, decision.label];
  });
  return [columns, ...rows].map((row) => row.map(quoted).join(",") + "\n").join("");
}

function save() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([corrections()], { type: "text/csv" }));
  link.download = "corrections.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const pagesOf = (item) => (duplicates.contains(item) ? groupPages : pages);

/** The next image in reading order, on the next page after the last one. */
function move(step) {
  const visible = items.filter((item) => item.checkVisibility());
  const item = document.activeElement.closest(".item"), here = visible.indexOf(item);
  const next = visible[here < 0 ? 0 : here + step];
  if (next && pagesOf(next) === pagesOf(item ?? next)) next.focus();
  else if (!pagesOf(item).turn(step, step < 0)) next?.focus();
}

/** The image above or below. */
function moveRow(step) {
  const item = document.activeElement.closest(".item");
  if (!item) return move(step);
  const from = item.getBoundingClientRect();
  const rows = items.filter((other) => other.checkVisibility()).map((other) => [other, other.getBoundingClientRect()])
    .filter(([, box]) => step * (box.top - from.top) > 1);
  const nearest = (a, b) => step * (a[1].top - b[1].top) || Math.abs(a[1].left - from.left) - Math.abs(b[1].left - from.left);
  const next = rows.sort(nearest)[0];
  if (next) next[0].focus();
  else pagesOf(item).turn(step, step < 0);
}

const keys = {
  ArrowRight: () => move(1), j: () => move(1), ArrowLeft: () => move(-1),
  ArrowDown: () => moveRow(1), ArrowUp: () => moveRow(-1),
  n: (item) => pagesOf(item).turn(1), p: (item) => pagesOf(item).turn(-1),
};
const actions = { k: "keep", r: "relabel", d: "drop" };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select")) return;
  const item = event.target.closest(".item");
  if (event.key in keys) keys[event.key](item);
  else if (event.key in actions && item) toggle(item, actions[event.key]);
  else return;
  event.preventDefault();
});

for (const item of items) {
  item.addEventListener("click", (event) => {
    const action = event.target.dataset.action;
    if (action) toggle(item, action);
  });
  item.querySelector("select").addEventListener("change", (event) => {
    decide(item, "relabel", event.target.value);
  });
  show(item);
}
if (items.length) items[0].tabIndex = 0;
filter.addEventListener("change", applyFilter);
document.getElementById("save").addEventListener("click", save);
filter.reset();
applyFilter();
groupPages.show(0);
count();
