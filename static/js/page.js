// Every page: switch the theme without a reload, send some forms only once, and tell the server the browser's time zone
// in a cookie.

const form = document.querySelector("[data-theme-form]");

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const body = new FormData(form);
  body.set("theme", isDark ? "light" : "dark");
  root.dataset.theme = body.get("theme");
  for (const each of document.querySelectorAll('button[name="theme"][aria-pressed]')) {
    each.setAttribute("aria-pressed", String(each.value === body.get("theme")));
  }
  await fetch(form.action, { method: "POST", body, redirect: "manual" });
});

// A second click or tap does not send such a form again. The server would read or store the same twice.
document.addEventListener("submit", (event) => {
  const { target, submitter } = event;
  if (!target.matches("[data-once]")) return;
  if (target.hasAttribute("aria-busy")) event.preventDefault();
  target.setAttribute("aria-busy", "true");
  submitter?.setAttribute("aria-disabled", "true"); // the value of a disabled button would not be sent
});

// The form can be sent again when the person comes back to the page or stops the request.
function allowSending() {
  for (const sent of document.querySelectorAll("[data-once][aria-busy]")) {
    sent.removeAttribute("aria-busy");
    for (const each of sent.elements) each.removeAttribute("aria-disabled");
  }
}
addEventListener("pageshow", allowSending);
window.navigation?.addEventListener("navigateerror", allowSending);

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `time_zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}
