// The page of one picture: what was sent from the pad has arrived, and polling rests while nobody looks.

import "./correct.js";

const sent = sessionStorage.getItem("pad-sent");
if (sent) {
  sessionStorage.removeItem(sent);
  sessionStorage.removeItem("pad-sent");
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.requestConfig.verb === "get") event.preventDefault();
});
