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
  if (!event.detail.shouldSwap) location.reload();
});
