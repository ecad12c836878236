// The upload of several files: what is shown while they are sent, and the page of the batch afterwards.

import { fingerprintOf, forget, interruptedUpload, remember } from "./interrupted.js";
import { renewToken } from "./requests.js";
import { Refused, Sending, tooLargeOf } from "./sending.js";

// `isRenewed`: the forms have just got a new token.
export async function sendBatch(form, files, { isRenewed = false } = {}) {
  const panel = document.querySelector("[data-sending]");
  const texts = panel.dataset;
  const list = new FileList(panel, files);
  const problem = panel.querySelector("[data-sending-problem]");
  const showProblem = (text) => {
    problem.hidden = !text;
    problem.textContent = text ?? "";
  };
  const leftOut = new LeftOut(panel.querySelector("[data-left-out]"));
  const report = (state, file, reason) => {
    if (state === "offline" || state === "online") {
      showProblem(state === "offline" ? texts.offline : null);
      return;
    }
    list.show(file, state);
    if (leftOut.has(state)) leftOut.add(state, file, reason);
  };
  const warn = (event) => event.preventDefault(); // leaving the page ends the upload

  const tooLarge = tooLargeOf(files, { most: Number(texts.mostBytes), mostInArchive: Number(texts.mostZipBytes) });
  for (const each of tooLarge) report("tooLarge", each);
  showProblem(null);
  panel.hidden = false;
  panel.scrollIntoView({ block: "nearest" });
  const accepted = files.filter((each) => !tooLarge.includes(each));
  if (!accepted.length) return;
  form.setAttribute("aria-busy", "true");
  addEventListener("beforeunload", warn);
  const fields = batchFields(form, files);
  const fingerprint = fingerprintOf(files, fields);
  const earlier = interruptedUpload();
  const begun = earlier?.fingerprint === fingerprint ? earlier : null;
  const shared = { fingerprint, name: fields.name, fileCount: files.length, begun: begun?.begun ?? Date.now() };
  const options = {
    url: texts.url,
    token: form.elements.csrfmiddlewaretoken.value,
    fields,
    report,
    remember: (sent) => remember({ ...shared, ...sent, filesSent: list.sent }),
  };
  try {
    const batch = await run(accepted, options, begun);
    forget();
    removeEventListener("beforeunload", warn);
    if (batch && leftOut.isEmpty) {
      location.assign(`${texts.batches}${batch.id}/`);
      return;
    }
    // Stay, so that it can be seen which files are missing.
    form.removeAttribute("aria-busy");
    if (batch) leftOut.showWay(`${texts.batches}${batch.id}/`);
  } catch (error) {
    removeEventListener("beforeunload", warn);
    form.removeAttribute("aria-busy");
    if (error.isAboutLogin && !isRenewed) {
      showProblem(texts.failed);
      if (await renewToken()) await sendBatch(form, files, { isRenewed: true });
      return;
    }
    showProblem(error.message || texts.failed);
    if (!(error instanceof Refused)) throw error;
  }
}

// Send the files, after those that an interrupted upload has sent. If its batch takes no more, send all anew.
async function run(files, options, begun) {
  if (!begun) return new Sending(files, options).run();
  try {
    return await new Sending(files, { ...options, begun }).run();
  } catch (error) {
    if (!error.isBatchOver || interruptedUpload()?.partsSent !== begun.partsSent) throw error;
    forget();
    return new Sending(files, options).run();
  }
}

// Return the fields of the batch: its name, how it is read, and what is expected. A preset has a mode of its own.
function batchFields(form, files) {
  const folder = files[0].path.includes("/") ? files[0].path.split("/")[0] : "";
  const isOneFolder = folder && files.every(({ path }) => path.startsWith(`${folder}/`));
  const preset = form.elements.preset?.value;
  const previous = form.elements.previous?.value.trim();
  return {
    name: isOneFolder ? folder : `${files[0].path} + ${files.length - 1}`.slice(-200),
    ...(preset ? { preset } : { mode: form.elements.mode.value }),
    ...(previous ? { expect: JSON.stringify({ previous }) } : {}),
  };
}

// The files that the batch misses, named by the reason.
class LeftOut {
  constructor(notice) {
    this.notice = notice;
    this.isEmpty = true;
    this.link = notice.querySelector("a");
    for (const each of notice.children) each.hidden = true;
    for (const names of notice.querySelectorAll("[data-names]")) names.textContent = "";
    notice.hidden = true;
  }

  has(state) {
    return Boolean(this.#group(state));
  }

  add(state, { path }, reason) {
    const group = this.#group(state);
    const names = group.querySelector("[data-names]");
    names.append(names.textContent && ", ", reason ? `${path} (${reason})` : path);
    group.hidden = this.notice.hidden = this.isEmpty = false;
  }

  showWay(url) {
    this.link.href = url;
    this.link.hidden = false;
  }

  #group(state) {
    return this.notice.querySelector(`[data-because="${state}"]`);
  }
}

// The files with their states, and how many have been sent. Two files may have the same path.
class FileList {
  constructor(panel, files) {
    this.texts = panel.dataset;
    this.states = new Map();
    this.count = panel.querySelector("[data-sent-count]");
    this.bar = panel.querySelector("progress");
    this.sent = 0;
    this.bar.max = files.length;
    this.bar.value = 0;
    this.count.textContent = "0";
    panel.querySelector("[data-file-count]").textContent = String(files.length);
    const rows = files.map((each) => {
      const [row, name, state] = ["li", "span", "span"].map((tag) => document.createElement(tag));
      name.textContent = each.path;
      state.textContent = this.texts.waiting;
      state.dataset.state = "waiting";
      row.append(name, state);
      this.states.set(each, state);
      return row;
    });
    panel.querySelector("[data-files]").replaceChildren(...rows);
  }

  show(file, state) {
    const shown = this.states.get(file);
    if (shown.dataset.state === state || shown.dataset.state === "sent") return;
    shown.dataset.state = state;
    shown.textContent = this.texts[state === "sending" ? "started" : state];
    if (state !== "sent") return;
    this.sent += 1;
    this.bar.value = this.sent;
    this.count.textContent = String(this.sent);
  }
}
