"use strict";
const storageKey = "tenfold-audit-" + document.body.dataset.checksum;
const items = [...document.querySelectorAll(".item")];
const filter = document.getElementById("filter");
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
  if (label) item.querySelector("select").value = label;
}

function count() {
  const actions = [...decisions.values()].map((decision) => decision.action);
  const parts = ["keep", "relabel", "drop"]
    .map((action) => [action, actions.filter((other) => other === action).length])
    .filter(([, number]) => number)
    .map(([action, number]) => number + " " + action);
  document.getElementById("count").textContent = parts.join(", ") || "nothing marked yet";
}

function applyFilter() {
  const wanted = new FormData(filter);
  const passes = (item, name) => {
    const value = wanted.get(name);
    return !value || value === (item.dataset[name] || "open");
  };
  const candidates = items.filter((item) => item.closest(".group") === null);
  for (const item of candidates) {
    item.hidden = !["split", "given", "predicted", "decision"].every((name) => passes(item, name));
  }
  const shown = candidates.filter((item) => !item.hidden).length;
  document.getElementById("shown").textContent = shown + " shown";
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

function move(step) {
  const visible = items.filter((item) => !item.hidden);
  const here = visible.indexOf(document.activeElement.closest(".item"));
  const next = here < 0 ? 0 : Math.min(Math.max(here + step, 0), visible.length - 1);
  if (visible.length) visible[next].focus();
}

const moves = { ArrowDown: 1, j: 1, ArrowUp: -1 };
const actions = { k: "keep", r: "relabel", d: "drop" };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select")) return;
  const item = event.target.closest(".item");
  if (event.key in moves) move(moves[event.key]);
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
count();
