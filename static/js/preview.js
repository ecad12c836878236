// The preview of a drawing: one request runs at a time, and only the newest drawing counts.

import { isPart, NotAnswered, request, tell, TOO_LATE } from "./requests.js";

const INTERVAL_MS = 75; // between two requests while the pen moves: 13 a second at most
const TIMEOUT_MS = 6000; // a lost request would otherwise never end
const SILENT_PAUSE_SECONDS = 2; // a longer one is explained
const LAYERS_KEY = "live-layers"; // whether a person has opened or folded the layers of the network
const WIDE = "(width >= 40rem)"; // where they are open at first

export class Preview {
  constructor(element, { url, picture, options }) {
    Object.assign(this, { element, url, picture, options });
    this.status = element.querySelector("[data-preview-status]");
    this.content = element.querySelector("[data-preview-content]");
    this.running = null;
    this.isStale = false;
    this.timer = 0;
    this.requestedAt = 0;
    this.pausedUntil = 0; // the server has refused further requests until then
    const chosen = localStorage.getItem(LAYERS_KEY);
    this.showsLayers = chosen ? chosen === "open" : matchMedia(WIDE).matches;
    this.content.addEventListener("toggle", (event) => this.chooseLayers(event.target), true);
  }

  // The layers are computed only while they are open.
  chooseLayers(layers) {
    if (!layers.matches("[data-live-layers]") || layers.open === this.showsLayers) return;
    this.showsLayers = layers.open;
    localStorage.setItem(LAYERS_KEY, layers.open ? "open" : "folded");
    if (layers.open) this.requestNow();
  }

  // While the pen moves: request a draft, not more often than the server can answer.
  requestSoon() {
    if (this.running || this.timer) {
      this.isStale = true;
      return;
    }
    const delay = Math.max(0, Math.max(this.requestedAt + INTERVAL_MS, this.pausedUntil) - performance.now());
    this.timer = setTimeout(() => this.requestNow({ draft: true }), delay);
  }

  // When the pen is lifted: request at once, and cancel the older request.
  async requestNow({ announce = false, draft = false } = {}) {
    clearTimeout(this.timer);
    this.timer = 0;
    this.running?.abort();
    this.running = null;
    this.isStale = false;
    const pause = this.pausedUntil - performance.now();
    if (pause > 0) {
      this.timer = setTimeout(() => this.requestNow({ announce, draft }), pause);
      return;
    }
    const running = (this.running = new AbortController());
    this.requestedAt = performance.now();
    this.element.setAttribute("aria-busy", "true");
    const timeout = setTimeout(() => running.abort(TOO_LATE), TIMEOUT_MS);
    try {
      const html = await this.fetchPreview(draft, running.signal);
      if (this.running !== running) return;
      if (html !== null) this.show(html, announce);
    } catch (error) {
      if (this.running !== running) return;
      if (!(error instanceof NotAnswered)) throw error;
    } finally {
      clearTimeout(timeout);
    }
    this.running = null;
    if (performance.now() < this.pausedUntil) this.requestNow({ announce, draft });
    else if (this.isStale) this.requestSoon();
    this.updateBusy();
  }

  async fetchPreview(draft, signal) {
    const body = new FormData();
    body.set("image", await this.picture({ draft }), "drawing.png");
    for (const [name, value] of Object.entries(this.options())) body.set(name, value);
    if (this.showsLayers) body.set("layers", "1");
    const { response, html } = await request(this.url, { method: "POST", body, signal });
    if (response.status === 429) {
      const seconds = Number(response.headers.get("Retry-After")) || 1;
      this.pausedUntil = performance.now() + 1000 * seconds;
      if (seconds <= SILENT_PAUSE_SECONDS) return null;
    }
    if (isPart(response.headers.get("Content-Type"), html)) return html;
    tell("failed");
    throw new NotAnswered();
  }

  // The preview shows the whole drawing once no request runs or waits.
  updateBusy() {
    if (!this.running && !this.timer) this.element.setAttribute("aria-busy", "false");
  }

  clear() {
    this.running?.abort();
    this.running = null;
    clearTimeout(this.timer);
    this.timer = 0;
    this.isStale = false;
    this.updateBusy();
    this.content.replaceChildren(...this.element.querySelector("template").content.cloneNode(true).childNodes);
    this.status.textContent = "";
  }

  show(html, announce) {
    this.content.innerHTML = html;
    const text = this.content.querySelector("[data-status]")?.dataset.status;
    if (announce && text) this.status.textContent = text;
  }
}
