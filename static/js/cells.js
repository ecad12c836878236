// The cells of a number: one field for each digit, with the signs between them. What is added here is not saved yet.

export class Cells {
  constructor(form) {
    this.form = form;
  }

  get inputs() {
    return [...(this.form?.querySelectorAll("[data-cell]") ?? [])];
  }

  get isEdited() {
    return this.inputs.some((cell) => cell.value !== cell.defaultValue || "added" in cell.dataset);
  }

  get hasAdded() {
    return this.inputs.some((cell) => "added" in cell.dataset);
  }

  // The number as it stands in the cells, signs included; each row of cells is a line.
  get written() {
    const rows = [...this.form.querySelectorAll(".cells")];
    const lines = rows.map((row) => [...row.children].map((each) => each.value ?? each.textContent).join(""));
    return lines.filter((line) => /[0-9]/.test(line)).join("\n");
  }

  write(position, label) {
    if (position === this.inputs.length) this.#add();
    this.inputs[position].value = label;
  }

  // Show the digits of a number that was typed as a whole: cells are added or emptied at the end.
  show(number) {
    const digits = number.replace(/[^0-9]/g, "");
    this.#removeAdded();
    if (!this.inputs.length) return;
    while (this.inputs.length < digits.length) this.#add();
    this.inputs.forEach((cell, position) => {
      cell.value = digits[position] ?? "";
    });
  }

  reset() {
    this.#removeAdded();
    for (const cell of this.inputs) cell.value = cell.defaultValue;
  }

  #add() {
    const last = this.inputs.at(-1);
    const cell = last.cloneNode();
    const position = this.inputs.length;
    cell.dataset.added = "";
    cell.dataset.cell = String(position);
    cell.id = `cell-${position + 1}`;
    cell.classList.remove("is-selected", "is-doubtful");
    cell.setAttribute("aria-label", last.dataset.label.replace("0", String(position + 1)));
    last.after(cell);
  }

  #removeAdded() {
    for (const cell of this.inputs) if ("added" in cell.dataset) cell.remove();
  }
}
