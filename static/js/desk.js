// Files that are chosen, dropped, pasted or photographed: one is shown and sent with the upload form, several are sent as
// a batch. None of them needs a second button.

import { droppedFiles, namedFiles } from "./folders.js";
import { showInterrupted } from "./interrupted.js";
import { sendBatch } from "./send_batch.js";

const form = document.querySelector("[data-desk]");
const { image, source } = form.elements;
const drop = form.querySelector("[data-drop]");
const message = form.querySelector("[data-upload-message]");
const chosen = form.querySelector("[data-chosen]");

function showMessage(name) {
  message.hidden = name === null;
  message.textContent = name ? message.dataset[name] : "";
}

// The form is dimmed while files are sent, so it stands before it.
function showBusy(isShown) {
  const busy = document.querySelector("[data-busy]");
  busy.hidden = !isShown;
  if (isShown) busy.scrollIntoView({ block: "nearest" });
}

function isHeic(file) {
  return /^image\/hei[cf]/.test(file.type) || /\.hei[cf]$/i.test(file.name);
}

// Return the name of the message that says why the files are not sent, or null.
function problemOf(files) {
  if (!files.length) return "empty";
  if (files.length > Number(image.dataset.most)) return "tooMany";
  return files.every(({ file }) => isHeic(file)) ? "heic" : null; // among others, each fails with its reason
}

function showChosen(file) {
  const picture = new Image();
  picture.src = URL.createObjectURL(file);
  picture.alt = "";
  picture.onload = picture.onerror = () => URL.revokeObjectURL(picture.src);
  chosen.querySelector("[data-chosen-picture]").replaceChildren(...(file.type.startsWith("image/") ? [picture] : []));
  const status = chosen.querySelector("[data-chosen-status]");
  status.textContent = `${status.dataset.reading} ${file.name}`;
  chosen.hidden = false;
}

// One file is sent with the form, and several in parts, which may take longer than a connection lasts.
function send(files, from) {
  if (isSent()) {
    showBusy(true);
    return;
  }
  const problem = problemOf(files);
  showMessage(problem);
  if (problem) return;
  form.elements.strokes.value = ""; // left over from a drawing if the user came back to this page
  if (files.length > 1) {
    sendBatch(form, files).finally(() => showBusy(false));
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
    if (!isDrawing && files.length) showChosen(files[0].file);
    form.setAttribute("aria-busy", "true");
  }
});

// Return the chosen files and empty the input. A browser tells nothing if the files of an input are chosen again.
function takeFiles(input) {
  const files = namedFiles(input.files);
  input.value = "";
  return files;
}

image.addEventListener("change", () => {
  source.value = "upload";
  form.elements.strokes.value = "";
  if (image.files.length) send(takeFiles(image), "upload");
});

const hasFiles = (event) => event.dataTransfer?.types.includes("Files");

addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  drop.classList.add("is-over");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) drop.classList.remove("is-over"); // it has left the window
});
addEventListener("drop", async (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  drop.classList.remove("is-over");
  send(await droppedFiles(event.dataTransfer), "upload");
});

const folder = form.querySelector("[data-folder]");
const folderInput = folder.querySelector("input");
if ("webkitdirectory" in folderInput) {
  folder.hidden = false;
  folderInput.addEventListener("change", () => send(takeFiles(folderInput), "upload"));
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
  camera.querySelector("input").addEventListener("change", (event) => send(takeFiles(event.target), "camera"));
}

// The form is still marked as sent when the user comes back to this page or stops the request.
function allowSending() {
  form.removeAttribute("aria-busy");
  chosen.hidden = true;
  showBusy(false);
}
addEventListener("pageshow", allowSending);
window.navigation?.addEventListener("navigateerror", allowSending);

showInterrupted();
drop.classList.add("upload-at-once");
form.querySelector("[data-upload-button]").hidden = true;

// On a slow connection somebody may choose files before this script is there. Files that a browser restores were sent.
if (image.files.length && performance.getEntriesByType("navigation")[0]?.type === "navigate") {
  send(takeFiles(image), "upload");
}
