// Correcting with the keyboard: digits fill the cells, Enter confirms, arrows select a box, letters press their button.

import { allowDrawing } from "./boxes.js";

let selected = 0;
let shown = { action: "", cells: 0 }; // the form that the user sees
const pendingLabels = new Map(); // by cell: typed while an earlier request was running

const part = () => document.querySelector("[data-answer]");
const form = () => part()?.querySelector("[data-correct]");
const cells = () => [...(form()?.querySelectorAll("[data-cell]") ?? [])];
const isInCell = () => document.activeElement.matches("[data-cell]");
const formAction = () => form()?.getAttribute("action") ?? ""; // the property is hidden by buttons named "action"
const isRequestRunning = () => part().matches(".htmx-settling") || part().querySelector(".htmx-request") !== null;
// The cursor starts at the digit that is least certain.
const firstPosition = () => Math.max(0, cells().findIndex((cell) => cell.matches(".is-doubtful")));
const isEdited = () => cells().some((cell) => cell.value !== cell.defaultValue);

function select(position, { focus = false } = {}) {
  const all = cells();
  selected = Math.max(0, Math.min(position, all.length - 1));
  for (const each of part().querySelectorAll("[data-box], [data-cell]")) {
    each.classList.toggle("is-selected", Number(each.dataset.box ?? each.dataset.cell) === selected);
  }
  if (focus) all[selected]?.focus();
  const choice = part().querySelector("[data-position]");
  if (choice) choice.value = String(selected);
}

function press(button) {
  // While a request runs, the next picture may appear at any time: the key was not meant for that one.
  if (!button || isRequestRunning()) return;
  pendingLabels.clear();
  button.click(); // not requestSubmit: htmx takes the button's name from the click
}

function sendLabels() {
  press(form().querySelector('[value="labels"]'));
}

function write(label) {
  const cell = cells()[selected];
  if (!cell) return;
  cell.value = label;
  if (isRequestRunning()) pendingLabels.set(selected, label);
  else sendLabels();
  select(selected + 1, { focus: isInCell() });
}

const keys = {
  ArrowLeft: () => select(selected - 1, { focus: isInCell() }),
  ArrowRight: () => select(selected + 1, { focus: isInCell() }),
  n: () => write(""), // for several boxes, where no button has this key
  k: () => press(part().querySelector("[data-skip]")),
  s: () => openBoxes(),
  m: () => openBoxes(),
  Delete: () => press(part().querySelector('[value="remove"]')),
};

function openBoxes() {
  const boxes = part().querySelector("[data-boxes]");
  if (!boxes || isRequestRunning()) return;
  boxes.open = true;
  boxes.querySelector("[data-digits]")?.focus();
}

// Return what the key does on this element, or nothing.
function actionOf(key, target) {
  const isCell = target.matches("[data-cell]");
  if (!isCell && target.closest("input, select, textarea, summary")) return null;
  if (key === "Enter" && target.closest("a, button")) return null;
  if (key === "Enter" && isEdited()) return sendLabels; // edited by paste, Backspace or a phone: no digit key was seen
  if (key === "Delete" && isCell) return null; // empties the cell
  if (/^[0-9]$/.test(key)) return () => write(key);
  const button = part().querySelector(`[data-key="${CSS.escape(key)}"]`);
  return button ? () => press(button) : keys[key];
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !part()) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const action = actionOf(key, event.target);
  if (!action) return;
  event.preventDefault();
  // A key that is held down must not correct the next picture as well.
  if (event.repeat && !key.startsWith("Arrow")) return;
  // The next picture has just replaced this one, and the user has not seen it.
  if (formAction() !== shown.action) return;
  action();
});

document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("[data-cell]")) {
    event.target.select();
    select(Number(event.target.dataset.cell));
  }
});

document.addEventListener("click", (event) => {
  if (event.target.matches?.("[data-box]")) select(Number(event.target.dataset.box), { focus: true });
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-position]")) select(Number(event.target.value));
});

// Other parts of the page are replaced, too; they do not matter here.
document.addEventListener("htmx:afterSettle", ({ target, detail }) => {
  if (target !== part()) return;
  if (detail.failed) pendingLabels.clear(); // the user reads the error before anything else is sent
  updatePart();
});

function updatePart() {
  const before = shown;
  shown = { action: formAction(), cells: cells().length };
  const isSame = shown.action === before.action;
  if (!isSame) selected = firstPosition();
  const labels = isSame && shown.cells === before.cells ? [...pendingLabels] : [];
  pendingLabels.clear();
  if (!part()) return;
  for (const [position, label] of labels) cells()[position].value = label;
  select(selected, { focus: isInCell() });
  allowDrawing(part());
  if (labels.length) sendLabels();
}

updatePart();
