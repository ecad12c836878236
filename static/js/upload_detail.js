// The page of one picture: drop the browser's copy of a drawing that was stored.

import "./copy.js";
import "./correct.js";
import "./keys.js";

// Only the address says that the drawing has arrived. After a failed request a person may open any other picture.
const address = new URL(location.href);
if (address.searchParams.has("drawn")) {
  sessionStorage.removeItem(sessionStorage.getItem("pad-sent"));
  sessionStorage.removeItem("pad-sent");
  address.searchParams.delete("drawn");
  history.replaceState(history.state, "", address);
}
