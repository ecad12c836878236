// Keyboard shortcuts of a page: `?` shows their list, and letters press what has them as `data-page-key`.

const list = document.querySelector("[data-keys]");
const openButton = document.querySelector("[data-keys-button]");

if (openButton) openButton.hidden = false;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest("input:not([data-cell]), select, textarea")) return;
  if (event.key === "?") {
    event.preventDefault();
    list.togglePopover();
    return;
  }
  const pressed = document.querySelector(`[data-page-key="${CSS.escape(event.key.toLowerCase())}"]:not([hidden])`);
  if (!pressed) return;
  event.preventDefault();
  pressed.click();
});
