// The numbers of a batch's table are saved one by one: when Enter is pressed, or when the field is left.

import { NotAnswered, request } from "./requests.js";

// A problem comes as JSON, and a saved row as a part of the page.
const HEADERS = { Accept: "application/problem+json, text/html;q=0.9", "HX-Request": "true" };

const part = () => document.querySelector("#batch");
const form = () => part().querySelector("[data-numbers]");
const isNumber = (element) => Boolean(element?.matches?.('[name^="number-"]'));
const numbers = () => [...(form()?.querySelectorAll('[name^="number-"]') ?? [])];
const isChanged = (input) => input.value.trim() !== input.defaultValue.trim();
const buttonOf = (input) => input.closest("[data-row]").querySelector("[data-row-button]");
const numberOf = (button) => button.closest("[data-row]").querySelector('[name^="number-"]');
const requests = new Map(); // the last request of each row, by the id of its field
const sentValues = new WeakMap(); // by field: what Enter has sent is not sent again when the field is left

function move(input, step) {
  const all = numbers();
  const next = all[all.indexOf(input) + step];
  if (!next) return;
  next.focus();
  next.select();
}

// The button of a row saves a changed number, or confirms an unsure one.
function showButton(input) {
  const button = buttonOf(input);
  const { save: saveText, confirm: confirmText } = form().dataset;
  button.hidden = !isChanged(input) && !input.dataset.confirm;
  button.textContent = isChanged(input) ? saveText : confirmText;
  button.classList.toggle("button-main", isChanged(input));
}

function showMessage(row, text) {
  row.querySelector("[data-message]")?.remove();
  if (!text) return;
  const message = document.createElement("p");
  message.dataset.message = "";
  message.className = "small errorlist";
  message.setAttribute("role", "alert");
  message.textContent = text;
  row.querySelector(".cell-number").append(message);
}

// Send one number, or its confirmation. The field stays, so that the cursor does; the other cells are replaced.
async function save(input, { confirm = false } = {}) {
  const key = input.name.slice("number-".length);
  const body = new FormData();
  const sent = input.value;
  if (confirm) body.set("confirm", key);
  else body.set(input.name, sent);
  sentValues.set(input, sent);
  const before = requests.get(input.id) ?? Promise.resolve();
  const saving = before.then(() => request(form().action, { method: "POST", body, headers: HEADERS }));
  requests.set(
    input.id,
    saving.catch(() => {}),
  );
  try {
    const { response, html } = await saving;
    if (response.ok) showSaved(input, sent, html);
    else showFailed(input, JSON.parse(html).detail);
  } catch (error) {
    showFailed(input, form()?.dataset.failed);
    if (!(error instanceof NotAnswered)) throw error;
  }
}

function showFailed(input, text) {
  sentValues.delete(input);
  if (input.isConnected) showMessage(input.closest("[data-row]"), text);
}

function showSaved(input, sent, html) {
  const page = new DOMParser().parseFromString(`<table><tbody>${html}</tbody></table>`, "text/html");
  const fresh = page.querySelector("[data-row]");
  const row = document.getElementById(fresh.id);
  if (!row) return;
  const cells = row.querySelectorAll("[data-shown]");
  fresh.querySelectorAll("[data-shown]").forEach((cell, index) => cells[index].replaceWith(cell));
  const [was, number] = fresh.querySelectorAll(".cell-number input");
  row.querySelector(`[name="${was.name}"]`).value = was.value;
  input.defaultValue = number.value;
  if (input.value === sent) input.value = number.value; // nothing was typed in the meantime
  if (!number.dataset.confirm) delete input.dataset.confirm;
  showMessage(row, "");
  if (buttonOf(input).matches(":focus-visible")) move(input, 1); // the keyboard goes on; the button disappears
  showButton(input);
}

function saveOrConfirm(input) {
  if (!isChanged(input) && input.dataset.confirm) save(input, { confirm: true });
  else if (isChanged(input) && sentValues.get(input) !== input.value) save(input);
}

const keys = {
  ArrowUp: (input) => move(input, -1),
  ArrowDown: (input) => move(input, 1),
  Enter(input) {
    saveOrConfirm(input);
    move(input, 1);
  },
  Escape(input) {
    input.value = input.defaultValue;
    showMessage(input.closest("[data-row]"), "");
    showButton(input);
  },
};

document.addEventListener("keydown", (event) => {
  if (!isNumber(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  const action = keys[event.key];
  if (!action) return;
  event.preventDefault();
  if (event.repeat && event.key === "Enter") return;
  action(event.target);
});

document.addEventListener("input", ({ target }) => {
  if (isNumber(target)) showButton(target);
});

document.addEventListener("focusout", ({ target }) => {
  if (isNumber(target) && isChanged(target)) saveOrConfirm(target);
});

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-row-button]");
  if (button) saveOrConfirm(numberOf(button));
});

const more = document.querySelector("#more"); // files to add, which the server refuses as a whole if they are too many
more?.addEventListener("change", () => {
  more.setCustomValidity(more.files.length > Number(more.dataset.most) ? more.dataset.tooMany : "");
});

const picks = () => [...part().querySelectorAll('[name="pick"]')];

// The files are not replaced while a number is typed, a file is ticked or a button is held down.
function isInUse() {
  const isTyping = isNumber(document.activeElement) || numbers().some(isChanged);
  return isTyping || picks().some((box) => box.checked) || part().matches(":active");
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id === "batch-files" && isInUse()) event.preventDefault();
});

// What a person began while the answer was under way is not replaced either. The next request is a second later.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target.id === "batch-files" && isInUse()) event.detail.shouldSwap = false;
});

function showPicked() {
  const page = part().querySelector("[data-pick-page]");
  if (!page) return;
  const boxes = picks();
  const picked = boxes.filter((box) => box.checked).length;
  const count = part().querySelector("[data-pick-count]");
  page.checked = boxes.length > 0 && picked === boxes.length;
  page.indeterminate = picked > 0 && !page.checked;
  count.textContent = picked ? `${picked} ${count.dataset.some}` : count.dataset.none;
  part().querySelector("[data-pick-label]").hidden = false;
}

let lastPick = null; // the file that was ticked last: with Shift all between it and the next one are ticked

document.addEventListener("click", ({ target, shiftKey }) => {
  if (!target.matches?.('[name="pick"]')) return;
  const boxes = picks();
  const [from, to] = [boxes.indexOf(lastPick), boxes.indexOf(target)].sort((a, b) => a - b);
  if (shiftKey && from >= 0) for (const box of boxes.slice(from, to + 1)) box.checked = target.checked;
  lastPick = target;
  showPicked();
});

document.addEventListener("change", ({ target }) => {
  if (!target.matches?.("[data-pick-page]")) return;
  for (const box of picks()) box.checked = target.checked;
  showPicked();
});

function showKeys() {
  for (const help of part().querySelectorAll("[data-keys]")) help.hidden = false;
  for (const input of numbers()) showButton(input);
  const saveAll = part().querySelector("#batch-save");
  if (saveAll) saveAll.hidden = true;
}

function showControls() {
  showKeys();
  showPicked();
}

document.addEventListener("htmx:afterSwap", showControls);
showControls();
