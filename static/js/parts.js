// Parts of a page that htmx replaces: only fragments are inserted, and changes are announced to screen readers.

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

// Screen readers announce changes of an element that stays, not of a part that is replaced as a whole.
const lastTexts = {}; // by the part's id

document.addEventListener("htmx:afterSettle", ({ target, detail }) => {
  const elements = [...target.querySelectorAll("[data-announce]")];
  const text = elements.map((each) => each.textContent.trim().replace(/\s+/g, " ")).join(" ");
  const isNew = text !== lastTexts[target.id];
  lastTexts[target.id] = text;
  if (detail.requestConfig.triggeringEvent) announce(text); // the user's own action is always answered
  else if (isNew && text) announce(text);
});

function announce(text) {
  const announcer = document.querySelector("[data-announcer]");
  announcer.textContent = "";
  requestAnimationFrame(() => {
    announcer.textContent = text;
  });
}
