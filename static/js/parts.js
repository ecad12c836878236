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

// A screen reader hears of changes in what stays, not of a status that comes anew with its part.
document.addEventListener("htmx:afterSettle", ({ target }) => {
  const words = [...target.querySelectorAll("[data-say]")].map((each) => each.textContent.trim().replace(/\s+/g, " "));
  const announcer = document.querySelector("[data-announcer]");
  if (words.length && announcer.textContent !== words.join(" ")) announcer.textContent = words.join(" ");
});
