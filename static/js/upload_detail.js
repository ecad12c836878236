// The page of one picture: remove the stored drawing, which has arrived, and stop polling while the page is hidden.

import "./copy.js";
import "./correct.js";
import "./keys.js";

const sent = sessionStorage.getItem("pad-sent");
if (sent) {
  sessionStorage.removeItem(sent);
  sessionStorage.removeItem("pad-sent");
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.requestConfig.verb === "get") event.preventDefault();
});
