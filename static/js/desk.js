// Dropping, pasting and photographing: each puts files into the form that works without them, and sends it.

const form = document.querySelector("[data-desk]");
const { image, source } = form.elements;
const drop = form.querySelector("[data-drop]");
const message = form.querySelector("[data-give-message]");

function say(name) {
  message.hidden = name === null;
  message.textContent = name ? message.dataset[name] : "";
}

function isHeic(file) {
  return /^image\/hei[cf]/.test(file.type) || /\.hei[cf]$/i.test(file.name);
}

// The name of what is to be said instead of sending them, or null.
function refusal(files) {
  if (files.length > Number(image.dataset.most)) return "many";
  return [...files].some(isHeic) ? "heic" : null;
}

function give(files, from) {
  const given = new DataTransfer();
  for (const file of files) given.items.add(file);
  image.files = given.files;
  source.value = from;
  form.elements.strokes.value = ""; // of a drawing that was sent before: going back finds the form as it was sent
  form.requestSubmit();
}

form.addEventListener("submit", (event) => {
  if (form.hasAttribute("aria-busy")) {
    event.preventDefault(); // it is on its way, and sent twice it would be kept twice
    return;
  }
  const refused = refusal(image.files);
  if (refused) {
    event.preventDefault();
    say(refused);
    return;
  }
  form.setAttribute("aria-busy", "true");
});

image.addEventListener("change", () => {
  source.value = "upload";
  form.elements.strokes.value = "";
  say(refusal(image.files));
});

const hasFiles = (event) => event.dataTransfer?.types.includes("Files");

form.addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  drop.classList.add("is-over");
});
form.addEventListener("dragleave", (event) => {
  if (!form.contains(event.relatedTarget)) drop.classList.remove("is-over");
});
form.addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  drop.classList.remove("is-over");
  give(event.dataTransfer.files, "upload");
});

addEventListener("paste", (event) => {
  const pictures = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
  if (!pictures.length) return;
  event.preventDefault();
  give(pictures, "paste");
});

const pasteButton = form.querySelector("[data-paste]");
if (navigator.clipboard?.read) {
  pasteButton.hidden = false;
  pasteButton.addEventListener("click", async () => {
    try {
      for (const item of await navigator.clipboard.read()) {
        const type = item.types.find((each) => each.startsWith("image/"));
        if (!type) continue;
        give([new File([await item.getType(type)], "pasted", { type })], "paste");
        return;
      }
    } catch {
      // Refused by the person or the browser: the keyboard's way still works.
    }
    say("noPicture");
  });
}

const camera = form.querySelector("[data-camera]");
if (matchMedia("(pointer: coarse)").matches) {
  camera.hidden = false;
  camera.querySelector("input").addEventListener("change", (event) => give(event.target.files, "camera"));
}

// Coming back with the browser's button finds the form as it was sent: busy, and with its files. So does stopping it.
const free = () => form.removeAttribute("aria-busy");
addEventListener("pageshow", free);
window.navigation?.addEventListener("navigateerror", free);
