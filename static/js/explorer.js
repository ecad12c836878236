// Links of the explorer work without this script. With it they replace only the explorer, and arrow keys move in it.

import { announce, announcedText } from "./announce.js";
import { NotAnswered, request } from "./requests.js";

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
let running = null;

// `remember` adds the page to the browser's history; `replace` writes its address over the current one.
async function openPage(url, { remember = true, replace = false } = {}) {
  running?.abort();
  running = new AbortController();
  const focused = document.activeElement?.id;
  const scrolled = document.querySelector(".layer-tiles")?.scrollLeft;
  const explorer = document.getElementById("explorer");
  explorer.setAttribute("aria-busy", "true");
  try {
    const { response, html } = await request(url, { signal: running.signal });
    if (!response.ok) throw new Error(response.statusText);
    const page = new DOMParser().parseFromString(html, "text/html");
    const opened = page.getElementById("explorer");
    if (!opened) throw new Error("not an explorer page");
    explorer.replaceWith(opened);
    document.title = page.title;
    if (replace) history.replaceState({}, "", url);
    else if (remember) history.pushState({}, "", url);
    const layerTiles = document.querySelector(".layer-tiles");
    if (layerTiles) layerTiles.scrollLeft = scrolled;
    document.getElementById(focused)?.focus({ preventScroll: true });
    document.dispatchEvent(new CustomEvent("explorer:opened"));
    if (replace) return; // the mouse moves on
    announce(announcedText(opened));
    scrollToOpened();
  } catch (error) {
    if (error instanceof NotAnswered) explorer.setAttribute("aria-busy", "false");
    else if (error.name !== "AbortError") location.assign(url);
  }
}

// Scroll the opened layer and channel into view.
function scrollToOpened() {
  document.querySelector(".layer-tiles [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  document.querySelector(".channel")?.scrollIntoView({ block: "nearest" });
}

// Return the promise of the page with this cell, or null for a cell outside the map.
export function openCell(map, row, column, options) {
  const { rows, columns } = map.dataset;
  if (row < 0 || column < 0 || row >= rows || column >= columns) return null;
  const url = new URL(map.dataset.url, location);
  url.searchParams.set("at", `${row},${column}`);
  return openPage(url, options);
}

// Return row and column of the cell under the pointer.
export function cellAt(map, event) {
  const area = map.getBoundingClientRect();
  const { rows, columns } = map.dataset;
  const toCell = (at, start, length, count) => Math.floor(((at - start) / length) * count);
  return [toCell(event.clientY, area.top, area.height, rows), toCell(event.clientX, area.left, area.width, columns)];
}

document.addEventListener("click", (event) => {
  const map = event.target.closest(".channel-map");
  if (map) {
    openCell(map, ...cellAt(map, event));
    return;
  }
  const link = event.target.closest("#explorer a[href]");
  const isPlainClick = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (!link || !isPlainClick || "leave" in link.dataset) return;
  event.preventDefault();
  openPage(link.href);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  if (event.key === "Escape") document.querySelector("[data-up]")?.click();
  const step = STEPS[event.key];
  if (!step) return;
  const map = event.target.closest(".channel-map");
  const group = event.target.closest("[data-arrows]");
  if (map) {
    openCell(map, Number(map.dataset.row) + step[0], Number(map.dataset.column) + step[1]);
  } else if (group) {
    nearestLink([...group.querySelectorAll("a")], event.target, step)?.focus();
  } else if (step[1] && document.querySelector(".channel")) {
    document.querySelector(step[1] < 0 ? "[rel=prev]" : "[rel=next]")?.click();
  } else {
    return;
  }
  event.preventDefault();
});

// Return the link that is nearest on the screen in this direction.
function nearestLink(links, from, [down, across]) {
  const position = (link) => link.getBoundingClientRect();
  if (across) return links[links.indexOf(from) + across];
  const here = position(from);
  const others = links.filter((link) => (position(link).top - here.top) * down > here.height / 2);
  const distance = (link) => Math.abs(position(link).top - here.top) * 10 + Math.abs(position(link).left - here.left);
  return others.sort((one, two) => distance(one) - distance(two))[0];
}

window.addEventListener("popstate", () => openPage(location.href, { remember: false }));
scrollToOpened();
