// The numbers page: cells of its map open while a mouse moves over it, or one after the other when played.

import { cellAt, openCell } from "./explorer.js";

const STEP_MS = 450; // long enough to follow the numbers with the eyes
const findMap = () => document.querySelector(".channel-map[data-hover]");

let pinned = null; // address of the map in which a cell was clicked: it stays open until another channel is opened
let hovered = null;
let isOpening = false;
let isPlaying = false;

function isOpen(map, [row, column]) {
  return Number(map.dataset.row) === row && Number(map.dataset.column) === column;
}

// One cell is requested at a time; of those that the pointer crossed meanwhile the newest counts.
async function openHovered() {
  isOpening = true;
  for (let map = findMap(); map && hovered && !isOpen(map, hovered); map = findMap()) {
    const opened = hovered;
    await openCell(map, ...opened, { replace: true });
    if (!findMap() || !isOpen(findMap(), opened)) break; // refused, or another page was opened
  }
  isOpening = false;
}

document.addEventListener("pointermove", (event) => {
  const map = event.target.closest?.(".channel-map[data-hover]");
  if (!map || event.pointerType !== "mouse" || map.dataset.url === pinned || isPlaying) return;
  hovered = cellAt(map, event);
  if (!isOpening) openHovered();
});

function pin(event) {
  const map = event.target.closest(".channel-map[data-hover]");
  if (map) pinned = map.dataset.url;
}

// The map may be replaced before the button is released. Then the browser reports no click.
document.addEventListener("pointerdown", (event) => {
  if (event.pointerType === "mouse" && event.button === 0) pin(event);
});

document.addEventListener("click", (event) => {
  pin(event);
  if (event.target.closest("#play")) isPlaying ? stop() : play();
  else isPlaying = false;
});

async function play() {
  isPlaying = true;
  showState();
  for (let map = findMap(); isPlaying && map && !document.hidden; map = findMap()) {
    const { rows, columns, row, column } = map.dataset;
    const next = (Number(row) * columns + Number(column) + 1) % (rows * columns);
    const wait = new Promise((done) => setTimeout(done, STEP_MS));
    await openCell(map, Math.floor(next / columns), next % columns, { replace: true });
    await wait;
  }
  stop();
}

function stop() {
  isPlaying = false;
  showState();
}

// The button needs this script, so its template hides it.
function showState() {
  const button = document.getElementById("play");
  if (!button) return;
  button.hidden = false;
  button.textContent = isPlaying ? button.dataset.stop : button.dataset.play;
  button.setAttribute("aria-pressed", String(isPlaying));
}

document.addEventListener("explorer:opened", showState);
showState();
