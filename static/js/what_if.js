// The what-if page: cells of a digit are drawn and erased, and the server answers what the network reads then.

import { fetchPart, NotAnswered, TOO_LATE } from "./requests.js";

const SIDE = 28;
const BRUSH = [
  [0.35, 0.8, 0.35],
  [0.8, 1, 0.8],
  [0.35, 0.8, 0.35],
]; // the same dab as in mlcore/explaining/repair.py
const TIMEOUT_MS = 30_000; // a lost request would otherwise never end
const MAX_UNDO = 200;
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const CURSOR = [255, 61, 127]; // the colour of marks

class ChangedDigit {
  constructor(root) {
    this.root = root;
    this.form = root.querySelector("[data-repair]");
    this.canvas = root.querySelector("[data-canvas]");
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.result = root.querySelector("[data-result]");
    this.status = root.querySelector("[data-what-if-status]");
    this.tool = "pen";
    this.history = [];
    this.cursor = null; // row and column of the keyboard's cell
    this.lastPoint = null;
    this.running = null;
    this.isStale = false;
    this.load();
  }

  async load() {
    const image = new Image();
    image.src = this.canvas.dataset.inputUrl;
    await image.decode();
    this.context.drawImage(image, 0, 0);
    const pixels = this.context.getImageData(0, 0, SIDE, SIDE).data;
    this.original = Uint8Array.from({ length: SIDE * SIDE }, (_, cell) => pixels[4 * cell]);
    // The answer of a search without script already shows changed cells.
    const shown = this.result.querySelector("[data-cells]")?.dataset.cells;
    this.cells = shown ? decode(shown) : this.original.slice();
    if (shown && String(this.cells) !== String(this.original)) this.history.push(this.original.slice());
    this.root.querySelector("[data-pad]").hidden = this.root.querySelector("[data-tools]").hidden = false;
    this.listen();
    this.paint();
    this.outline();
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => this.start(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", () => this.end());
    canvas.addEventListener("pointercancel", () => this.end());
    canvas.addEventListener("keydown", (event) => this.press(event));
    canvas.addEventListener("blur", () => ((this.cursor = null), this.paint()));
    this.root.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button?.dataset.tool) this.chooseTool(button.dataset.tool);
      if (button?.dataset.action === "undo") this.undo();
      if (button?.dataset.action === "reset") this.change(this.original.slice());
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.repair();
    });
  }

  chooseTool(tool) {
    this.tool = tool;
    for (const each of this.root.querySelectorAll("[data-tool]")) {
      each.setAttribute("aria-pressed", String(each.dataset.tool === tool));
    }
  }

  // --- Drawing ---

  start(event) {
    if (event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.remember();
    this.lastPoint = this.pointOf(event);
    this.dab(...this.lastPoint);
    this.askSoon();
  }

  move(event) {
    if (!this.lastPoint) return;
    const [row, column] = this.pointOf(event);
    const [fromRow, fromColumn] = this.lastPoint;
    const steps = Math.max(1, Math.ceil(2 * Math.hypot(row - fromRow, column - fromColumn)));
    for (let step = 1; step <= steps; step += 1) {
      this.dab(fromRow + ((row - fromRow) * step) / steps, fromColumn + ((column - fromColumn) * step) / steps);
    }
    this.lastPoint = [row, column];
    this.askSoon();
  }

  end() {
    if (!this.lastPoint) return;
    this.lastPoint = null;
    this.ask({ announce: true });
  }

  press(event) {
    const step = STEPS[event.key];
    if (step) {
      const [row, column] = this.cursor ?? [SIDE / 2, SIDE / 2];
      const within = (value) => Math.min(Math.max(value, 0), SIDE - 1);
      this.cursor = [within(row + step[0]), within(column + step[1])];
    } else if (event.key === " " && this.cursor) {
      this.remember();
      this.dab(...this.cursor);
      this.ask({ announce: true });
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation(); // arrow keys move in other pages of the explorer
    this.paint();
  }

  pointOf(event) {
    const area = this.canvas.getBoundingClientRect();
    const toCell = (at, start, length) => Math.floor(((at - start) / length) * SIDE);
    return [toCell(event.clientY, area.top, area.height), toCell(event.clientX, area.left, area.width)];
  }

  dab(middleRow, middleColumn) {
    const [row, column] = [Math.round(middleRow), Math.round(middleColumn)];
    BRUSH.forEach((opacities, down) => {
      opacities.forEach((opacity, across) => {
        const [y, x] = [row + down - 1, column + across - 1];
        if (y < 0 || x < 0 || y >= SIDE || x >= SIDE) return;
        const cell = SIDE * y + x;
        this.cells[cell] =
          this.tool === "pen"
            ? Math.max(this.cells[cell], Math.round(255 * opacity))
            : Math.min(this.cells[cell], Math.round(255 * (1 - opacity)));
      });
    });
    this.paint();
  }

  paint() {
    const image = this.context.createImageData(SIDE, SIDE);
    this.cells.forEach((value, cell) => image.data.set([value, value, value, 255], 4 * cell));
    if (this.cursor) image.data.set([...CURSOR, 255], 4 * (SIDE * this.cursor[0] + this.cursor[1]));
    this.context.putImageData(image, 0, 0);
    this.root.querySelector("[data-action=undo]").disabled = !this.history.length;
    this.root.querySelector("[data-action=reset]").disabled = String(this.cells) === String(this.original);
  }

  // Outline the changed cells on the pad as the answer does.
  outline() {
    const picture = this.result.querySelector(".what-if-cells");
    const outlines = [...(picture?.querySelectorAll("[data-outline]") ?? [])].map((path) => path.cloneNode());
    this.root.querySelector("[data-outlines]").replaceChildren(...outlines);
  }

  // --- Undo ---

  remember() {
    this.history.push(this.cells.slice());
    this.history.splice(0, this.history.length - MAX_UNDO);
  }

  undo() {
    if (!this.history.length) return;
    this.cells = this.history.pop();
    this.paint();
    this.ask({ announce: true });
  }

  change(cells) {
    this.remember();
    this.cells = cells;
    this.paint();
    this.ask({ announce: true });
  }

  // --- The server's answer: one request runs at a time, and only the newest cells count ---

  askSoon() {
    if (this.running) this.isStale = true;
    else this.ask();
  }

  ask({ announce = false } = {}) {
    const body = new FormData();
    body.set("cells", encode(this.cells));
    return this.send(this.root.dataset.answerUrl, body, announce);
  }

  async repair() {
    const body = new FormData(this.form);
    body.set("cells", encode(this.cells));
    body.set("part", "1");
    const isShown = await this.send(this.root.dataset.repairUrl, body, true);
    const found = this.result.querySelector("[data-cells]")?.dataset.cells;
    if (!isShown || !found || found === encode(this.cells)) return;
    this.remember();
    this.cells = decode(found);
    this.paint();
  }

  show(html, announce) {
    this.result.innerHTML = html;
    this.outline();
    if (announce) this.status.textContent = this.result.querySelector("[data-status]").dataset.status;
  }

  // Return whether the answer is shown. It is not if another request has taken its place.
  async send(url, body, announce) {
    this.running?.abort();
    const running = (this.running = new AbortController());
    this.isStale = false;
    this.root.setAttribute("aria-busy", "true");
    const timeout = setTimeout(() => running.abort(TOO_LATE), TIMEOUT_MS);
    let isShown = false;
    try {
      const html = await fetchPart(url, { method: "POST", body, signal: running.signal });
      if (this.running !== running) return false;
      // An answer for older cells is shown only as a draft, while the pen moves.
      const isOlder = body.get("cells") !== encode(this.cells);
      isShown = !isOlder || (!announce && this.lastPoint !== null);
      if (isShown) this.show(html, announce);
    } catch (error) {
      if (this.running !== running) return false;
      this.result.replaceChildren(); // what it shows is not the answer for these cells
      this.outline();
      if (!(error instanceof NotAnswered)) throw error;
    } finally {
      clearTimeout(timeout);
    }
    this.running = null;
    this.root.setAttribute("aria-busy", "false");
    if (this.isStale) this.ask();
    return isShown;
  }
}

function encode(cells) {
  return btoa(String.fromCharCode(...cells));
}

function decode(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function open() {
  const root = document.querySelector("[data-what-if]");
  if (root) new ChangedDigit(root);
}

document.addEventListener("explorer:opened", open);
open();
