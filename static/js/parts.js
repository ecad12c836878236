// Parts of a page that htmx replaces: only fragments are inserted, and changes are announced to screen readers.

import { announce, announcedText } from "./announce.js";

// Return whether a response is a fragment. A whole page is, for example, the login page after the session has expired.
export function isPart(type, html) {
  return Boolean(type?.startsWith("text/html")) && !/<html[\s>]/i.test(html);
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status >= 500) return; // htmx inserts nothing; polling requests try again
  // An error (4xx) comes as a fragment with its text, which htmx would not insert by default.
  event.detail.shouldSwap = isPart(xhr.getResponseHeader("Content-Type"), xhr.responseText);
  if (event.detail.shouldSwap) return;
  // The login page tells that a sent form was not saved. For other requests, reloading leads to it.
  const { verb, path } = event.detail.requestConfig;
  const { pathname, href } = new URL(xhr.responseURL);
  if (verb === "post" && pathname !== new URL(path, location.href).pathname) location.assign(href);
  else location.reload();
});

const lastTexts = {}; // by the part's id

document.addEventListener("htmx:afterSettle", ({ target, detail }) => {
  const text = announcedText(target);
  const isNew = text !== lastTexts[target.id];
  lastTexts[target.id] = text;
  if (detail.requestConfig.triggeringEvent) announce(text); // the user's own action is always answered
  else if (isNew && text) announce(text);
});
