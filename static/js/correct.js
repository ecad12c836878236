// Correcting with the keyboard. Digits are typed into the cells or into the field of the whole number, and nothing is
// saved before Enter, the button, or leaving the fields. Arrows select a cell, letters press their button.

import { allowDrawing } from "./boxes.js";
import { Cells } from "./cells.js";

let selected = 0; // the cell of the next digit; their number while the next digit adds a cell
let isChosen = false; // the user has selected the cell, so that digits go there and not into the whole number
let typed = ""; // outside of the fields
let isWholeEdited = false;
let sent = ""; // the whole number of the last request
let shownAction = ""; // of the form that the user sees

const part = () => document.querySelector("[data-answer]");
const form = () => part()?.querySelector("[data-correct]");
const whole = () => form()?.querySelector("[data-whole]");
const cells = () => new Cells(form());
const isCell = (element) => element.matches("[data-cell]");
const isField = (element) => element.matches("[data-cell], [data-whole]");
const formAction = () => form()?.getAttribute("action") ?? ""; // the property is hidden by buttons named "action"
const isRequestRunning = () => part().matches(".htmx-settling") || part().querySelector(".htmx-request") !== null;
const isEdited = () => Boolean(form()) && (whole().value !== whole().defaultValue || cells().isEdited);
const hasLines = () => whole().matches("textarea");
// The cursor starts at the digit that is least certain, or else in the first line that is not sure.
const firstPosition = () => {
  const all = cells().inputs;
  const first = all.find((cell) => cell.matches(".is-doubtful")) ?? all.find((cell) => cell.closest(".is-unsure"));
  return Math.max(0, all.indexOf(first));
};

function select(position, { focus = false } = {}) {
  const all = cells().inputs;
  selected = Math.max(0, Math.min(position, all.length));
  const shown = Math.min(selected, all.length - 1);
  for (const each of part().querySelectorAll("[data-box], [data-cell], [data-card]")) {
    each.classList.toggle("is-selected", Number(each.dataset.box ?? each.dataset.cell ?? each.dataset.card) === shown);
  }
  if (focus) all[shown]?.focus();
  const choice = part().querySelector("[data-position]");
  if (choice) choice.value = String(shown);
}

function choose(position) {
  [isChosen, typed] = [true, ""];
  select(Math.min(position, cells().inputs.length - 1), { focus: isCell(document.activeElement) });
}

function press(button) {
  // While a request runs, the next picture may appear at any time: the key was not meant for that one.
  if (!button || isRequestRunning()) return;
  button.click(); // not requestSubmit: htmx takes the button's name from the click
}

// Save what the fields show. Digits that were changed in their cells keep their boxes.
function save({ stays = false } = {}) {
  if (isRequestRunning() || !isEdited()) return;
  if (!isWholeEdited && !cells().hasAdded) whole().value = whole().defaultValue;
  sent = whole().value;
  form().querySelector("[data-stays]").value = stays ? "1" : "";
  press(form().querySelector('[value="number"]'));
}

function showEdited() {
  for (const each of form()?.querySelectorAll("[data-unsaved], [data-drop]") ?? []) each.hidden = !isEdited();
  if (!isEdited()) form()?.querySelector("[data-held]").setAttribute("hidden", "");
  // The large number stays as it was read, and says so beside what is typed.
  const before = part()?.querySelector("[data-as-before]");
  if (before) before.hidden = !isEdited();
  // The button that is to be pressed next is the coloured one. correct.css hides the other one.
  form()?.querySelector('[value="number"]').classList.toggle("button-main", isEdited());
  form()?.querySelector('[value="confirm"]')?.classList.toggle("button-main", !isEdited());
}

function reset() {
  whole().value = whole().defaultValue;
  cells().reset();
  [isChosen, isWholeEdited, typed] = [false, false, ""];
  select(firstPosition());
  if (isField(document.activeElement)) document.activeElement.blur();
  showEdited();
}

// Write a digit, or none for what is not a digit, into the selected cell, and go on to the next.
function writeCell(label) {
  if (isRequestRunning() || (!label && selected === cells().inputs.length)) return;
  cells().write(selected, label);
  whole().value = cells().written;
  isWholeEdited = false;
  select(selected + 1, { focus: isCell(document.activeElement) });
  showEdited();
}

// Outside of the fields, one digit replaces the least certain one, and more digits replace the whole number.
function writeAnywhere(key) {
  if (isRequestRunning() || !form()) return;
  if ((isChosen || hasLines()) && cells().inputs.length) {
    if (/^[0-9]$/.test(key)) writeCell(key);
    return;
  }
  typed += key;
  if (/^[0-9]$/.test(typed) && cells().inputs.length) {
    cells().write(selected, typed);
    whole().value = cells().written;
    showEdited();
    return;
  }
  whole().value = typed;
  whole().focus();
  whole().setSelectionRange(typed.length, typed.length);
  showWhole();
}

// The whole number was typed: the cells follow.
function showWhole() {
  isWholeEdited = true;
  if (!hasLines()) cells().show(whole().value);
  showEdited();
}

const keys = {
  ArrowLeft: () => choose(selected - 1),
  ArrowRight: () => choose(selected + 1),
  n: () => writeCell(""), // for several boxes, where no button has this key
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
  if (!isField(target) && target.closest("input, select, textarea, summary")) return null;
  if (key === "Enter" && target.closest("a, button, textarea")) return null;
  if (key === "Enter" && isEdited()) return save;
  if (key === "Escape" && isEdited()) return reset;
  if (key !== "Enter" && target.matches("[data-whole]")) return null;
  if (key === "Delete" && isCell(target)) return null; // empties the cell
  if (/^[0-9]$/.test(key)) return () => (isCell(target) ? writeCell(key) : writeAnywhere(key));
  const isSign = key === "-" || (typed && /^[.,/:]$/.test(key));
  if (isSign && !isCell(target) && form() && !hasLines()) return () => writeAnywhere(key);
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
  if (formAction() !== shownAction) return;
  action();
});

document.addEventListener("input", ({ target }) => {
  if (!target.matches?.("[data-whole], [data-cell]")) return;
  if (isCell(target)) {
    whole().value = cells().written; // by pasting or a phone's keyboard, which send no key
    isWholeEdited = false;
    showEdited();
  } else {
    showWhole();
  }
});

document.addEventListener("focusin", ({ target }) => {
  if (!target.matches?.("[data-cell]")) return;
  target.select();
  const isBehindLast = selected === cells().inputs.length && Number(target.dataset.cell) === selected - 1;
  if (!isBehindLast) choose(Number(target.dataset.cell));
});

document.addEventListener("focusout", ({ target, relatedTarget }) => {
  const isLeft = target.isConnected && isField(target) && !relatedTarget?.closest("[data-answer]");
  if (isLeft && document.hasFocus()) save({ stays: true });
});

document.addEventListener("click", (event) => {
  if (event.target.matches?.("[data-box]")) {
    choose(Number(event.target.dataset.box));
    const cell = cells().inputs[selected];
    (cell?.checkVisibility() ? cell : whole())?.focus(); // a single digit has no visible cell
  }
  if (event.target.matches?.("[data-cell]")) choose(Number(event.target.dataset.cell));
});

// What replaces the fields, or leads to another picture, waits until the user has saved or dropped what was typed.
const REPLACING = 'a[data-page-key], [data-skip], [data-key="u"], [data-boxes] button';
const wouldLose = () => isEdited() && !isRequestRunning();

document.addEventListener(
  "click",
  (event) => {
    if (!event.target.closest?.(REPLACING) || !wouldLose()) return;
    event.preventDefault();
    event.stopPropagation();
    form().querySelector("[data-held]").hidden = false;
  },
  { capture: true },
);

addEventListener("beforeunload", (event) => {
  if (wouldLose()) event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-drop]")) reset();
});

// Otherwise the fields could lose the focus first, which saves them.
document.addEventListener("mousedown", (event) => {
  if (event.target.closest?.("[data-drop]")) event.preventDefault();
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-position]")) choose(Number(event.target.value));
});

// A request without an answer leaves the fields as they are. `save` has sent the cells and not the whole number.
document.addEventListener("htmx:afterRequest", () => {
  if (form() && cells().isEdited && !isWholeEdited) whole().value = cells().written;
});

// Other parts of the page are replaced, too; they do not matter here.
document.addEventListener("htmx:afterSettle", ({ target, detail }) => {
  if (target !== part()) return;
  updatePart();
  if (!detail.failed || !whole() || sent === whole().value) return;
  whole().value = sent; // it was refused, and the user may change it
  whole().closest("details")?.setAttribute("open", "");
  showWhole();
});

function updatePart() {
  const isSame = formAction() === shownAction;
  shownAction = formAction();
  [typed, isWholeEdited] = ["", false];
  if (!isSame) isChosen = false;
  if (!part()) return;
  // The keys of the next picture must not go into its field.
  if (!isSame && isField(document.activeElement)) document.activeElement.blur();
  select(isSame ? Math.min(selected, cells().inputs.length - 1) : firstPosition(), { focus: isCell(document.activeElement) });
  allowDrawing(part());
}

updatePart();
