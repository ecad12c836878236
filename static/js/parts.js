// Parts of a page that come by themselves: only a part is put into the page, never a page of its own.

// As the login is, where the session has ended elsewhere, or what says that a form is too old.
export function isPart(type, html) {
  return Boolean(type?.startsWith("text/html")) && !/<html[\s>]/i.test(html);
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status >= 500) return; // nothing is swapped; what asks by itself asks again
  // What was refused comes with its own words and a status of 4xx, which htmx would drop.
  event.detail.shouldSwap = isPart(xhr.getResponseHeader("Content-Type"), xhr.responseText);
  if (event.detail.shouldSwap) return;
  // The login says that what was sent was not taken; whoever only asked sees it at the next look.
  const { verb, path } = event.detail.requestConfig;
  const { pathname, href } = new URL(xhr.responseURL);
  if (verb === "post" && pathname !== new URL(path, location.href).pathname) location.assign(href);
  else location.reload();
});

// A screen reader hears of changes in what stays, not of a status that comes anew with its part.
const lastWords = {}; // of a part by its id

document.addEventListener("htmx:afterSettle", ({ target, detail }) => {
  const words = [...target.querySelectorAll("[data-say]")].map((each) => each.textContent.trim().replace(/\s+/g, " "));
  const text = words.join(" ");
  const isNews = text !== lastWords[target.id];
  lastWords[target.id] = text;
  if (detail.requestConfig.triggeringEvent) say(text); // what somebody did is answered, in the same words if need be
  else if (isNews && text) say(text);
});

function say(text) {
  const announcer = document.querySelector("[data-announcer]");
  announcer.textContent = "";
  requestAnimationFrame(() => {
    announcer.textContent = text;
  });
}
