// Files that are dropped, pasted or photographed: they are put into the upload form, which is then sent.

const form = document.querySelector("[data-desk]");
const { image, source } = form.elements;
const drop = form.querySelector("[data-drop]");
const message = form.querySelector("[data-upload-message]");

function showMessage(name) {
  message.hidden = name === null;
  message.textContent = name ? message.dataset[name] : "";
}

function isHeic(file) {
  return /^image\/hei[cf]/.test(file.type) || /\.hei[cf]$/i.test(file.name);
}

// Return the name of the message that says why the files are not sent, or null.
function problemOf(files) {
  if (files.length > Number(image.dataset.most)) return "tooMany";
  return [...files].some(isHeic) ? "heic" : null;
}

function send(files, from) {
  const transfer = new DataTransfer();
  for (const file of files) transfer.items.add(file);
  image.files = transfer.files;
  source.value = from;
  form.elements.strokes.value = ""; // left over from a drawing if the user came back to this page
  form.requestSubmit();
}

form.addEventListener("submit", (event) => {
  if (form.hasAttribute("aria-busy")) {
    event.preventDefault(); // already sent: a second time would store the picture twice
    return;
  }
  const problem = problemOf(image.files);
  if (problem) {
    event.preventDefault();
    showMessage(problem);
    return;
  }
  form.setAttribute("aria-busy", "true");
});

image.addEventListener("change", () => {
  source.value = "upload";
  form.elements.strokes.value = "";
  showMessage(problemOf(image.files));
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
  send(event.dataTransfer.files, "upload");
});

addEventListener("paste", (event) => {
  const pictures = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
  if (!pictures.length) return;
  event.preventDefault();
  send(pictures, "paste");
});

const pasteButton = form.querySelector("[data-paste]");
if (navigator.clipboard?.read) {
  pasteButton.hidden = false;
  pasteButton.addEventListener("click", async () => {
    try {
      for (const item of await navigator.clipboard.read()) {
        const type = item.types.find((each) => each.startsWith("image/"));
        if (!type) continue;
        send([new File([await item.getType(type)], "pasted", { type })], "paste");
        return;
      }
    } catch {
      // The user or the browser refused access. Pasting with the keyboard still works.
    }
    showMessage("noPicture");
  });
}

const camera = form.querySelector("[data-camera]");
if (matchMedia("(pointer: coarse)").matches) {
  camera.hidden = false;
  camera.querySelector("input").addEventListener("change", (event) => send(event.target.files, "camera"));
}

// The form is still marked as sent when the user comes back to this page or stops the request.
const allowSending = () => form.removeAttribute("aria-busy");
addEventListener("pageshow", allowSending);
window.navigation?.addEventListener("navigateerror", allowSending);
