// Buttons that copy: `data-copy` holds the text, `data-copy-from` the address of a text. Without a clipboard, as on pages
// without HTTPS, buttons stay hidden and links stay links.

import { request } from "./requests.js";

const clipboard = navigator.clipboard;

function offerCopying(root = document) {
  if (!clipboard) return;
  for (const each of root.querySelectorAll("[data-copy]")) each.hidden = false;
  for (const each of root.querySelectorAll("[data-copy-from]")) each.textContent = each.dataset.copyLabel;
}

async function fetchText(url) {
  const { response, html: text } = await request(url);
  if (!response.ok) throw new TypeError();
  return new Blob([text], { type: "text/plain" });
}

// Browsers allow writing only right after a click, so the fetched text is passed on as a promise.
function copy({ copy: text, copyFrom: url }) {
  return url ? clipboard.write([new ClipboardItem({ "text/plain": fetchText(url) })]) : clipboard.writeText(text);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy], [data-copy-from]");
  if (!button || !clipboard) return;
  event.preventDefault();
  const status = button.parentElement.querySelector("[data-copy-status]");
  status.textContent = "";
  const isCopied = await copy(button.dataset).then(
    () => true,
    () => false,
  );
  status.textContent = isCopied ? status.dataset.done : status.dataset.failed;
});

document.addEventListener("htmx:afterSettle", ({ target }) => offerCopying(target));
offerCopying();
