// The answer that follows the pen: one request at a time, the newest drawing wins.

import { isPart } from "./parts.js";

const EVERY_MS = 90; // from one question to the next while the pen moves: about ten a second
const PATIENCE_MS = 6000; // a question may be lost on its way, and nobody would ever say so

export class Preview {
  constructor(place, { url, token, picture, mode, onAnswer, onFailure }) {
    Object.assign(this, { place, url, token, picture, mode, onAnswer, onFailure });
    this.said = place.querySelector("[data-said]");
    this.shown = place.querySelector("[data-shown]");
    this.running = null;
    this.isStale = false;
    this.timer = 0;
    this.askedAt = 0;
  }

  // While the pen moves: soon, not more often than the server keeps up with, and from a coarser picture.
  soon() {
    if (this.running || this.timer) {
      this.isStale = true;
      return;
    }
    this.timer = setTimeout(() => this.now({ draft: true }), Math.max(0, this.askedAt + EVERY_MS - performance.now()));
  }

  // When the pen is lifted: at once, and nothing older may arrive after it.
  async now({ aloud = false, draft = false } = {}) {
    clearTimeout(this.timer);
    this.timer = 0;
    this.running?.abort();
    const running = (this.running = new AbortController());
    this.isStale = false;
    this.askedAt = performance.now();
    this.place.setAttribute("aria-busy", "true");
    const patience = setTimeout(() => running.abort(), PATIENCE_MS);
    try {
      const html = await this.ask(draft, running.signal);
      if (this.running !== running) return;
      this.show(html, aloud);
      this.onAnswer();
    } catch {
      if (this.running !== running) return;
      this.onFailure();
    } finally {
      clearTimeout(patience);
    }
    this.running = null;
    if (this.isStale) this.soon();
    this.rest();
  }

  async ask(draft, signal) {
    const body = new FormData();
    body.set("image", await this.picture({ draft }), "drawing.png");
    body.set("mode", this.mode());
    const headers = { "X-CSRFToken": this.token };
    const response = await fetch(this.url, { method: "POST", body, headers, signal });
    // The session has ended: the page itself goes to the login and comes back to what was drawn.
    if (response.redirected && !draft) location.reload();
    const html = await response.text();
    if (!isPart(response.headers.get("Content-Type"), html)) throw new TypeError();
    return html;
  }

  // What is shown is of all that is drawn, once nothing more is asked or waits to be.
  rest() {
    if (!this.running && !this.timer) this.place.setAttribute("aria-busy", "false");
  }

  forget() {
    this.running?.abort();
    this.running = null;
    clearTimeout(this.timer);
    this.timer = 0;
    this.isStale = false;
    this.rest();
    this.shown.replaceChildren(...this.place.querySelector("template").content.cloneNode(true).childNodes);
    this.said.textContent = "";
  }

  show(html, aloud) {
    this.shown.innerHTML = html;
    const words = this.shown.querySelector("[data-words]")?.dataset.words;
    if (aloud && words) this.said.textContent = words;
  }
}
