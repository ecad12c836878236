// Correcting by keyboard: digits go into the cells, Enter confirms, arrows move, letters press the button that names them.

import { allowDrawing } from "./boxes.js";

let selected = 0;
let shownFor = "";

const part = () => document.querySelector("[data-answer]");
const form = () => part()?.querySelector("[data-correct]");
const cells = () => [...(form()?.querySelectorAll("[data-cell]") ?? [])];

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
  button.click(); // not requestSubmit: htmx notes which button it was from the click
}

function write(label) {
  const cell = cells()[selected];
  if (!cell) return;
  cell.value = label;
  selected += 1;
  press(form().querySelector('[value="labels"]'));
}

const keys = {
  ArrowLeft: () => select(selected - 1),
  ArrowRight: () => select(selected + 1),
  k: () => part().querySelector("[data-skip]")?.click(),
  s: () => openBoxes(),
  m: () => openBoxes(),
  Delete: () => part().querySelector('[value="remove"]')?.click(),
};

function openBoxes() {
  const boxes = part().querySelector("[data-boxes]");
  boxes.open = true;
  boxes.querySelector("[data-digits]")?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !form()) return;
  // What is typed before the answer came would be said of a picture that is no longer looked at.
  if (part().querySelector(".htmx-request")) return;
  const { target, key } = event;
  const isCell = target.matches("[data-cell]");
  if (!isCell && target.closest("input, select, textarea, summary")) return;
  if (key === "Enter" && target.closest("a, button")) return;
  const named = part().querySelector(`[data-key="${CSS.escape(key.length === 1 ? key.toLowerCase() : key)}"]`);
  if (/^[0-9]$/.test(key)) write(key);
  else if (key.toLowerCase() === "n" && cells().length > 1) write("");
  else if (named) press(named);
  else if (keys[key]) keys[key]();
  else return;
  event.preventDefault();
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

// A refused correction comes with its own words and a status of 4xx, which htmx would drop.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status >= 400 && event.detail.xhr.status < 500) event.detail.shouldSwap = true;
});

document.addEventListener("htmx:afterSettle", renewed);

function renewed() {
  // By attribute: its buttons are named "action", and hide the property.
  const action = form()?.getAttribute("action") ?? "";
  if (action !== shownFor) selected = 0;
  shownFor = action;
  if (!part()) return;
  select(selected);
  allowDrawing(part());
}

renewed();
