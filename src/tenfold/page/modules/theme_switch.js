// The theme: the system's by default; and settings that the browser keeps.

import { find } from "./dom.js";

const THEMES = ["automatic", "light", "dark"];

/** Store a setting, or return it without a value. */
export function store(name, value) {
  try {
    if (value === undefined) return localStorage.getItem(name);
    localStorage.setItem(name, value);
  } catch { /* storage is disabled: the setting is lost with the page */ }
  return null;
}

function setTheme(name) {
  if (name === "automatic") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  find("theme").setAttribute("aria-label", `Theme: ${name}`);
  find("theme").title = `Theme: ${name}`;
  find("theme").dataset.theme = name;
  document.dispatchEvent(new Event("theme"));
}

function nextTheme() {
  const current = document.documentElement.dataset.theme ?? "automatic";
  const next = THEMES[(THEMES.indexOf(current) + 1) % THEMES.length];
  store("theme", next === "automatic" ? "" : next);
  setTheme(next);
}

/** Connect the button of the theme. */
export function startTheme(stored) {
  setTheme((stored ?? document.documentElement.dataset.theme) || "automatic");
  find("theme").addEventListener("click", nextTheme);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new Event("theme")));
}
