"use strict";
// Before the first paint, so that a page in the chosen theme does not flash in the other.
try {
  const theme = localStorage.getItem("theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch { /* storage is closed to this page: the system's theme it is */ }
