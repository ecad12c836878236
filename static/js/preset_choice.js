// The preset of the start page. This browser keeps the chosen one for the next picture. While there is one, it has a
// mode, and the choice of the mode only shows that.

const preset = document.querySelector("[data-preset]");
const mode = document.querySelector("[data-mode]");

let ownChoice = null; // of the mode, while a preset chooses it

function showMode() {
  const presetMode = preset.selectedOptions[0].dataset.mode;
  if (!mode.disabled) ownChoice = mode.querySelector(":checked");
  for (const choice of mode.querySelectorAll("input")) {
    choice.checked = presetMode ? choice.value === presetMode : choice === ownChoice;
  }
  mode.disabled = Boolean(presetMode);
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
  if (preset.value) showMode();
  preset.addEventListener("change", () => {
    keep();
    showMode();
  });
}
