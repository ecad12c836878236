// The preset of the start page. This browser keeps the chosen one for the next picture. While there is one, it says what
// the picture contains, and the choice of the content only shows that.

const preset = document.querySelector("[data-preset]");
const content = document.querySelector("[data-mode]");

let ownChoice = null; // of the content, while a preset chooses it

function showContent() {
  const { mode } = preset.selectedOptions[0].dataset;
  if (!content.disabled) ownChoice = content.querySelector(":checked");
  for (const choice of content.querySelectorAll("input")) {
    choice.checked = mode ? choice.value === mode : choice === ownChoice;
  }
  content.disabled = Boolean(mode);
}

function keep() {
  try {
    if (preset.value) localStorage.setItem(preset.dataset.preset, preset.value);
    else localStorage.removeItem(preset.dataset.preset);
  } catch {
    // The browser keeps nothing for this page. The next picture begins without a preset.
  }
}

function restore() {
  try {
    const kept = localStorage.getItem(preset.dataset.preset);
    if ([...preset.options].some((option) => option.value === kept)) preset.value = kept;
  } catch {
    // see keep
  }
}

if (preset) {
  if (!preset.value) restore();
  else keep();
  if (preset.value) showContent();
  preset.addEventListener("change", () => {
    keep();
    showContent();
  });
}
