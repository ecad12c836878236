// Choosing many: how many are chosen, and all of the page at once.

const form = document.querySelector("[data-many]");

if (form) {
  const page = form.querySelector("[data-pick-page]");
  const words = form.querySelector("[data-picked]");
  const picks = [...form.querySelectorAll('[name="pick"]')];

  const count = () => {
    const chosen = picks.filter((pick) => pick.checked).length;
    page.checked = chosen === picks.length;
    page.indeterminate = chosen > 0 && !page.checked;
    words.textContent = chosen ? `${chosen} ${words.dataset.some}` : words.dataset.none;
  };

  page.hidden = false;
  page.addEventListener("change", () => {
    for (const pick of picks) pick.checked = page.checked;
    count();
  });
  form.addEventListener("change", count);
  // On a tick as well, Enter would press the form's first button.
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.type === "checkbox") event.preventDefault();
  });
  count();
}
