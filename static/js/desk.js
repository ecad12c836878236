// Files that are chosen, dropped, pasted or photographed: one is sent with the upload form, several as a batch.

import { droppedFiles, namedFiles } from "./folders.js";
import { sendBatch } from "./send_batch.js";

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
  if (!files.length) return "empty";
  if (files.length > Number(image.dataset.most)) return "tooMany";
  return files.some(({ file }) => isHeic(file)) ? "heic" : null;
}

// One file is sent with the form, and several in parts, which may take longer than a connection lasts.
function send(files, from) {
  if (isSent()) return;
  const problem = problemOf(files);
  showMessage(problem);
  if (problem) return;
  form.elements.strokes.value = ""; // left over from a drawing if the user came back to this page
  if (files.length > 1) {
    sendBatch(form, files);
    return;
  }
  const transfer = new DataTransfer();
  transfer.items.add(files[0].file);
  image.files = transfer.files;
  source.value = from;
  form.requestSubmit();
}

const isSent = () => form.hasAttribute("aria-busy");

form.addEventListener("submit", (event) => {
  const files = namedFiles(image.files);
  const isDrawing = Boolean(form.elements.strokes.value);
  if (isSent()) {
    event.preventDefault(); // a second time would store the picture twice
  } else if (!isDrawing && (files.length > 1 || (files.length && problemOf(files)))) {
    event.preventDefault();
    send(files, source.value);
  } else {
    form.setAttribute("aria-busy", "true");
  }
});

image.addEventListener("change", () => {
  source.value = "upload";
  form.elements.strokes.value = "";
  showMessage(image.files.length ? problemOf(namedFiles(image.files)) : null);
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
form.addEventListener("drop", async (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  drop.classList.remove("is-over");
  send(await droppedFiles(event.dataTransfer), "upload");
});

const folder = form.querySelector("[data-folder]");
const folderInput = folder.querySelector("input");
if ("webkitdirectory" in folderInput) {
  folder.hidden = false;
  folderInput.addEventListener("change", () => send(namedFiles(folderInput.files), "upload"));
}

addEventListener("paste", (event) => {
  const pictures = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
  if (!pictures.length) return;
  event.preventDefault();
  send(namedFiles(pictures), "paste");
});

const pasteButton = form.querySelector("[data-paste]");
if (navigator.clipboard?.read) {
  pasteButton.hidden = false;
  pasteButton.addEventListener("click", async () => {
    try {
      for (const item of await navigator.clipboard.read()) {
        const type = item.types.find((each) => each.startsWith("image/"));
        if (!type) continue;
        send(namedFiles([new File([await item.getType(type)], "pasted", { type })]), "paste");
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
  camera.querySelector("input").addEventListener("change", (event) => send(namedFiles(event.target.files), "camera"));
}

// The form is still marked as sent when the user comes back to this page or stops the request.
const allowSending = () => form.removeAttribute("aria-busy");
addEventListener("pageshow", allowSending);
window.navigation?.addEventListener("navigateerror", allowSending);
