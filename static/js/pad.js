// The drawing pad: pointer events become strokes, which are painted, previewed, and sent with the form.

import { Drawing } from "./drawing.js";
import { HEIGHT, WIDTH, paintEnd, paintPoint, paintStrokes } from "./ink.js";
import { Preview } from "./preview.js";

const area = document.querySelector("[data-pad]");
const form = area.closest("form");
const canvas = area.querySelector("canvas");
const screen = canvas.getContext("2d");
const sheet = new OffscreenCanvas(WIDTH, HEIGHT).getContext("2d", { alpha: false });
const half = new OffscreenCanvas(WIDTH / 2, HEIGHT / 2).getContext("2d", { alpha: false });
const drawing = new Drawing(area.dataset.key);
const button = (action) => area.querySelector(`[data-action="${action}"]`);

const preview = new Preview(document.querySelector("[data-preview]"), {
  url: area.dataset.previewUrl,
  picture,
  options: () => ({
    mode: form.elements.mode.value,
    preset: form.elements.preset?.value ?? "",
    previous: form.elements.previous?.value ?? "",
  }),
});

let erases = false;
let stroke = null;
let pointer = null;
let isTouch = false; // the stroke is drawn by a finger, or by the palm of a hand that is about to use a pen
let hasPen = false; // a pen was used: touches are those of the hand that holds it
let cancelledTouch = null; // the last stroke, if the browser has ended it, as it does when it recognises a palm

// A draft has a quarter of the pixels, because it is sent ten times a second while the pen moves.
function picture({ draft = false } = {}) {
  if (draft) half.drawImage(sheet.canvas, 0, 0, WIDTH / 2, HEIGHT / 2);
  return (draft ? half : sheet).canvas.convertToBlob({ type: "image/png" });
}

function resize() {
  const density = Math.min(devicePixelRatio || 1, 3);
  const width = Math.round(canvas.clientWidth * density);
  if (canvas.width !== width) {
    canvas.width = width;
    canvas.height = Math.round((width * HEIGHT) / WIDTH);
  }
  screen.setTransform(canvas.width / WIDTH, 0, 0, canvas.height / HEIGHT, 0, 0);
  repaint();
}

function repaint() {
  for (const context of [screen, sheet]) paintStrokes(context, drawing.strokes);
  button("undo").disabled = button("clear").disabled = !drawing.strokes.length;
  button("redo").disabled = !drawing.undone.length;
  area.querySelector("[data-pad-undone]").hidden = !drawing.undone.length;
  // It keeps the focus, and says what to do first.
  button("save")?.setAttribute("aria-disabled", String(drawing.isBlank));
  area.querySelector("[data-pad-hint]").hidden = !drawing.isBlank;
}

function addPoint(event) {
  const box = canvas.getBoundingClientRect();
  const scale = WIDTH / canvas.clientWidth;
  const rounded = (value) => Math.round(value * 10) / 10;
  // A mouse and a finger have no pressure; browsers report 0, 0.5 or 1 for them.
  const pressure = event.pointerType === "pen" ? Math.round(event.pressure * 100) / 100 : 0.5;
  const x = rounded((event.clientX - box.left - canvas.clientLeft) * scale);
  const y = rounded((event.clientY - box.top - canvas.clientTop) * scale);
  stroke.points.push([x, y, pressure, Math.round(event.timeStamp - stroke.start)]);
  for (const context of [screen, sheet]) paintPoint(context, stroke, stroke.points.length - 1);
}

function start(event) {
  if (event.button !== 0) return;
  if (event.pointerType === "pen" && !hasPen) beginPen();
  // Ignore a second finger or the palm of the hand.
  if (pointer !== null || (hasPen && event.pointerType === "touch")) return;
  pointer = event.pointerId;
  isTouch = event.pointerType === "touch";
  canvas.setPointerCapture(pointer);
  showMessage(null);
  area.querySelector("[data-pad-hint]").hidden = true;
  stroke = { pen: Number(area.querySelector("[data-pen-width]").value), erases, points: [] };
  Object.defineProperty(stroke, "start", { value: event.timeStamp });
  addPoint(event);
}

// Take back what the palm has drawn before the pen came.
function beginPen() {
  hasPen = true;
  if (stroke && isTouch) pointer = stroke = null;
  else if (cancelledTouch && drawing.strokes.at(-1) === cancelledTouch) drawing.undo();
  repaint();
}

function move(event) {
  if (event.pointerId !== pointer) return;
  const events = event.getCoalescedEvents?.() ?? [];
  for (const each of events.length ? events : [event]) addPoint(each);
  preview.requestSoon();
}

function end(event) {
  if (event.pointerId !== pointer) return;
  for (const context of [screen, sheet]) paintEnd(context, stroke);
  drawing.add(stroke);
  cancelledTouch = isTouch && event.type === "pointercancel" ? stroke : null;
  pointer = stroke = null;
  updateDrawing();
}

function updateDrawing() {
  repaint();
  if (drawing.isBlank) preview.clear();
  else preview.requestNow({ announce: true });
}

function chooseTool(tool) {
  erases = tool === "eraser";
  for (const each of area.querySelectorAll("[data-tool]")) {
    each.setAttribute("aria-pressed", String(each.dataset.tool === tool));
  }
}

function showMessage(name) {
  const message = area.querySelector("[data-pad-message]");
  message.hidden = name === null;
  message.textContent = name ? message.dataset[name] : "";
}

async function save() {
  if (drawing.isBlank) {
    showMessage("blank");
    return;
  }
  const files = new DataTransfer();
  files.items.add(new File([await picture()], "drawing.png", { type: "image/png" }));
  form.elements.image.files = files.files;
  form.elements.source.value = "drawing";
  form.elements.strokes.value = JSON.stringify(drawing.strokes);
  // The page of the stored drawing removes it from the storage. Until then it is kept, in case sending fails.
  sessionStorage.setItem("pad-sent", area.dataset.key);
  form.requestSubmit();
}

const actions = {
  undo: () => (drawing.undo(), updateDrawing()),
  redo: () => (drawing.redo(), updateDrawing()),
  clear: () => (drawing.clear(), updateDrawing()),
  save,
};

area.addEventListener("click", (event) => {
  const pressed = event.target.closest("button");
  if (pressed?.dataset.tool) chooseTool(pressed.dataset.tool);
  else if (pressed?.dataset.action) actions[pressed.dataset.action]();
});

addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.target.closest("input:not([type=range]), textarea, select")) return;
  const key = event.key.toLowerCase();
  const action = key === "y" || (key === "z" && event.shiftKey) ? "redo" : key === "z" ? "undo" : null;
  if (action === null) return;
  event.preventDefault();
  actions[action]();
});

canvas.addEventListener("pointerdown", start);
canvas.addEventListener("pointermove", move);
canvas.addEventListener("pointerup", end);
canvas.addEventListener("pointercancel", end);
form.addEventListener("change", (event) => {
  if (["mode", "preset", "previous"].includes(event.target.name) && !drawing.isBlank) preview.requestNow({ announce: true });
});

area.hidden = false;
preview.element.hidden = false;
sessionStorage.removeItem("pad-sent");
new ResizeObserver(resize).observe(canvas);
resize();
if (!drawing.isBlank) preview.requestNow();
