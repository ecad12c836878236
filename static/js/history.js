// Selecting pictures in a list: how many are selected, and a checkbox for the whole page.

const form = document.querySelector("[data-bulk]");

if (form) {
  const label = form.querySelector("[data-select-label]");
  const selectPage = form.querySelector("[data-select-page]");
  const count = form.querySelector("[data-selected-count]");
  const boxes = [...form.querySelectorAll('[name="pick"]')];

  const update = () => {
    const selected = boxes.filter((box) => box.checked).length;
    selectPage.checked = selected === boxes.length;
    selectPage.indeterminate = selected > 0 && !selectPage.checked;
    const needing = form.querySelector("[data-needs-selection]");
    if (needing) needing.disabled = !selected && !form.elements.all.checked;
    count.textContent = selected ? `${selected} ${count.dataset.some}` : count.dataset.none;
  };

  label.hidden = false;
  selectPage.addEventListener("change", () => {
    for (const box of boxes) box.checked = selectPage.checked;
    update();
  });
  form.addEventListener("change", update);
  // Enter on a checkbox would press the form's first button.
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.type === "checkbox") event.preventDefault();
  });
  update();
}
