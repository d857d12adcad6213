// Corrections: the selected digit is saved as a sample of what the user says that it is.

import { REJECT_CLASS, post, remove } from "./api.js";
import { button, find, showError } from "./dom.js";

const saved = []; // samples saved in this session, newest last, each with its digit
let current = null; // the selected digit

/** Show a key for each class; `press` is called with the name of one. */
export function showKeys(names, press) {
  find("keys").replaceChildren(...names.map((name) =>
    button(name === REJECT_CLASS ? "No digit" : name, () => press(name), { value: name, disabled: true, "aria-pressed": "false" })));
}

/** Let the keys correct a digit, or nothing. */
export function offer(digit) {
  current = digit;
  for (const key of find("keys").children) {
    key.disabled = !digit;
    key.setAttribute("aria-pressed", String(digit?.sample?.label === key.value));
  }
}

/** Save the digit as a sample of a class; a new label replaces the digit's sample. */
export async function correct(name, source) {
  const digit = current;
  if (!digit || digit.saving || digit.sample?.label === name) return;
  const guess = digit.label ?? REJECT_CLASS;
  digit.saving = true;
  try {
    const before = digit.sample;
    digit.sample = await post("/v1/samples", { image: digit.image, label: name, guess, confidence: digit.confidence, source });
    saved.push({ sample: digit.sample, digit });
    if (before) await deleteSample(before);
    showSaved(name === guess ? `Saved as another ${name}.` : `Saved as ${name}; it was read as ${guess}.`, true);
    showError();
  } catch (error) {
    showError(error.message);
  } finally {
    digit.saving = false;
  }
  offer(current);
}

async function deleteSample(sample) {
  await remove(`/v1/samples/${sample.id}`);
  const index = saved.findIndex((each) => each.sample.id === sample.id);
  const [deleted] = index < 0 ? [] : saved.splice(index, 1);
  if (deleted?.digit.sample?.id === sample.id) deleted.digit.sample = undefined;
}

/** Delete the sample that was saved last. */
export async function deleteLast() {
  const last = saved.at(-1);
  if (!last) return;
  try {
    await deleteSample(last.sample);
    showSaved(`Deleted the sample of ${last.sample.label}.`, false);
  } catch (error) {
    showError(error.message);
  }
  offer(current);
}

/** Forget the message on an earlier digit. */
export const forgetSaved = () => find("saved").replaceChildren();

function showSaved(text, canDelete) {
  find("saved").replaceChildren(text, ...(canDelete ? [" ", button("Delete", deleteLast, { className: "link" })] : []));
  document.dispatchEvent(new Event("samples"));
}
