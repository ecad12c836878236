// Correcting by keyboard: digits go into the cells, Enter confirms, arrows move, letters press the button that names them.

import { allowDrawing } from "./boxes.js";

let selected = 0;
let shown = { picture: "", places: 0 };
const waiting = new Map(); // labels by their place, written before an answer came

const part = () => document.querySelector("[data-answer]");
const form = () => part()?.querySelector("[data-correct]");
const cells = () => [...(form()?.querySelectorAll("[data-cell]") ?? [])];
const isInCell = () => document.activeElement.matches("[data-cell]");
const picture = () => form()?.getAttribute("action") ?? ""; // by attribute: a button's name hides the property
const isAwaited = () => part().matches(".htmx-settling") || part().querySelector(".htmx-request") !== null;
const isEdited = () => cells().some((cell) => cell.value !== cell.defaultValue);

function select(position, { focus = false } = {}) {
  const all = cells();
  selected = Math.max(0, Math.min(position, all.length - 1));
  for (const each of part().querySelectorAll("[data-place], [data-cell]")) {
    each.classList.toggle("is-selected", Number(each.dataset.place ?? each.dataset.cell) === selected);
  }
  if (focus) all[selected]?.focus();
  const choice = part().querySelector("[data-position]");
  if (choice) choice.value = String(selected);
}

function press(button) {
  // What is pressed before the answer came would be said of a picture that is no longer looked at.
  if (!button || isAwaited()) return;
  waiting.clear();
  button.click(); // not requestSubmit: htmx notes which button it was from the click
}

function sendLabels() {
  press(form().querySelector('[value="labels"]'));
}

function write(label) {
  const cell = cells()[selected];
  if (!cell) return;
  cell.value = label;
  if (isAwaited()) waiting.set(selected, label);
  else sendLabels();
  select(selected + 1, { focus: isInCell() });
}

const keys = {
  ArrowLeft: () => select(selected - 1, { focus: isInCell() }),
  ArrowRight: () => select(selected + 1, { focus: isInCell() }),
  n: () => write(""), // where the button speaks of the whole picture, and so has no key
  k: () => press(part().querySelector("[data-skip]")),
  s: () => openBoxes(),
  m: () => openBoxes(),
  Delete: () => press(part().querySelector('[value="remove"]')),
};

function openBoxes() {
  const boxes = part().querySelector("[data-boxes]");
  if (!boxes || isAwaited()) return;
  boxes.open = true;
  boxes.querySelector("[data-digits]")?.focus();
}

// What a key does here, or nothing.
function actionOf(key, target) {
  const isCell = target.matches("[data-cell]");
  if (!isCell && target.closest("input, select, textarea, summary")) return null;
  if (key === "Enter" && target.closest("a, button")) return null;
  if (key === "Enter" && isEdited()) return sendLabels; // a phone's keyboard, a paste and Backspace tell no digit
  if (key === "Delete" && isCell) return null; // it empties the cell
  if (/^[0-9]$/.test(key)) return () => write(key);
  const named = part().querySelector(`[data-key="${CSS.escape(key)}"]`);
  return named ? () => press(named) : keys[key];
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !part()) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const action = actionOf(key, event.target);
  if (!action) return;
  event.preventDefault();
  // A key that is held down would be said of the next picture as well.
  if (event.repeat && !key.startsWith("Arrow")) return;
  // The next picture has just come, and nobody has seen it.
  if (picture() !== shown.picture) return;
  action();
});

document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("[data-cell]")) {
    event.target.select();
    select(Number(event.target.dataset.cell));
  }
});

document.addEventListener("click", (event) => {
  if (event.target.matches?.("[data-place]")) select(Number(event.target.dataset.place), { focus: true });
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-position]")) select(Number(event.target.value));
});

// Other parts of the page come anew as well, while nothing has happened to this one.
document.addEventListener("htmx:afterSettle", ({ target, detail }) => {
  if (target !== part()) return;
  if (detail.failed) waiting.clear(); // a refusal is read before more is said
  renewed();
});

function renewed() {
  const before = shown;
  shown = { picture: picture(), places: cells().length };
  const isSame = shown.picture === before.picture;
  if (!isSame) selected = 0;
  const written = isSame && shown.places === before.places ? [...waiting] : [];
  waiting.clear();
  if (!part()) return;
  for (const [place, label] of written) cells()[place].value = label;
  select(selected, { focus: isInCell() });
  allowDrawing(part());
  if (written.length) sendLabels();
}

renewed();
