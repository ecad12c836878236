// What screen readers are told when a part of the page is replaced. They follow an element that stays, not a new one.

// Return the texts of a part that are announced.
export function announcedText(part) {
  const elements = [...part.querySelectorAll("[data-announce]")];
  return elements.map((each) => each.textContent.trim().replace(/\s+/g, " ")).join(" ");
}

export function announce(text) {
  const announcer = document.querySelector("[data-announcer]");
  announcer.textContent = "";
  requestAnimationFrame(() => {
    announcer.textContent = text;
  });
}
