// Parts of a page that htmx replaces: only fragments are inserted, and changes are announced to screen readers.

import { announce, announcedText } from "./announce.js";
import { explain, isPart, tell } from "./requests.js";

const sentAgain = new WeakSet(); // forms that had expired

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  const { verb, path, elt, triggeringEvent } = requestConfig;
  const header = (name) => xhr.getResponseHeader(name);
  const { status, responseURL: answeredBy, responseText: html } = xhr;
  const obstacle = explain({ url: path, method: verb.toUpperCase(), status, answeredBy, html, header });
  if (obstacle === "renewed") sendAgain(elt, triggeringEvent);
  else sentAgain.delete(elt);
  // An error (4xx) comes as a fragment with its text, which htmx would not insert by default.
  event.detail.shouldSwap = !obstacle && status < 500 && isPart(header("Content-Type"), html);
  const isRefusedForNow = status === 429 || status >= 500; // polling requests try again
  if (!obstacle && !event.detail.shouldSwap && !isRefusedForNow) location.reload();
});

function sendAgain(form, { submitter }) {
  if (sentAgain.has(form)) {
    tell("failed");
    return;
  }
  sentAgain.add(form);
  setTimeout(() => form.requestSubmit(submitter)); // after htmx has ended this request
}

for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, () => tell("offline"));

// A page that nobody sees does not poll. Its parts ask at once when it is shown again, by the trigger `visibilitychange`.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.matches('[hx-trigger^="every"]')) event.preventDefault();
});

const lastTexts = {}; // by the part's id

document.addEventListener("htmx:afterSettle", ({ target, detail }) => {
  const text = announcedText(target);
  const isNew = text !== lastTexts[target.id];
  lastTexts[target.id] = text;
  if (detail.requestConfig.triggeringEvent) announce(text); // the user's own action is always answered
  else if (isNew && text) announce(text);
});
