// The download begins by itself once the file that the page waited for is ready.

document.addEventListener("htmx:afterSettle", () => document.querySelector("#table-download")?.click());
