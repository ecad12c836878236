// Every page: switch the theme without a reload, and tell the server the browser's time zone in a cookie.

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

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `time_zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}
