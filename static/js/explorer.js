// The explorer's links work by themselves; here they replace only the explorer, without a flash, and get keys.

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
let request = null;

async function open(url, { remember = true } = {}) {
  request?.abort();
  request = new AbortController();
  const focused = document.activeElement?.id;
  const scrolled = document.querySelector(".layer-tiles")?.scrollLeft;
  const explorer = document.getElementById("explorer");
  explorer.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(url, { signal: request.signal });
    if (!response.ok) throw new Error(response.statusText);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const opened = page.getElementById("explorer");
    if (!opened) throw new Error("another page"); // as when the session has ended
    explorer.replaceWith(opened);
    document.title = page.title;
    if (remember) history.pushState({}, "", url);
    const layerTiles = document.querySelector(".layer-tiles");
    if (layerTiles) layerTiles.scrollLeft = scrolled;
    document.getElementById(focused)?.focus({ preventScroll: true });
    show();
  } catch (error) {
    if (error.name !== "AbortError") location.assign(url);
  }
}

// What was opened is brought into view, if it is not.
function show() {
  document.querySelector(".layer-tiles [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  document.querySelector(".channel")?.scrollIntoView({ block: "nearest" });
}

function openCell(map, row, column) {
  const { rows, columns } = map.dataset;
  if (row < 0 || column < 0 || row >= rows || column >= columns) return;
  const url = new URL(map.dataset.url, location);
  url.searchParams.set("at", `${row},${column}`);
  open(url);
}

document.addEventListener("click", (event) => {
  const map = event.target.closest(".channel-map");
  if (map) {
    const area = map.getBoundingClientRect();
    const { rows, columns } = map.dataset;
    const along = (at, start, length, count) => Math.floor(((at - start) / length) * count);
    openCell(map, along(event.clientY, area.top, area.height, rows), along(event.clientX, area.left, area.width, columns));
    return;
  }
  const link = event.target.closest("#explorer a[href]");
  const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (!link || !plain || "leave" in link.dataset) return;
  event.preventDefault();
  open(link.href);
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
    neighbour([...group.querySelectorAll("a")], event.target, step)?.focus();
  } else if (step[1] && document.querySelector(".channel")) {
    document.querySelector(step[1] < 0 ? "[rel=prev]" : "[rel=next]")?.click();
  } else {
    return;
  }
  event.preventDefault();
});

// The nearest link in that direction, as the eye sees it.
function neighbour(links, from, [down, across]) {
  const place = (link) => link.getBoundingClientRect();
  if (across) return links[links.indexOf(from) + across];
  const here = place(from);
  const others = links.filter((link) => (place(link).top - here.top) * down > here.height / 2);
  const distance = (link) => Math.abs(place(link).top - here.top) * 10 + Math.abs(place(link).left - here.left);
  return others.sort((one, two) => distance(one) - distance(two))[0];
}

window.addEventListener("popstate", () => open(location.href, { remember: false }));
show();
