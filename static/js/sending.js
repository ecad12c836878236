// Many files are sent as one batch, in parts. Each part has a key, so that it may be sent again after a lost connection
// and is stored once.

const PART_FILES = 50;
const PART_BYTES = 16 * 1024 * 1024;
const LONGEST_WAIT_SECONDS = 30;
const LONGEST_READ_SECONDS = 3;
const LONGEST_SILENCE_SECONDS = 90; // longer than the server works on a request
const PASSING = [0, 408, 425, 429, 502, 503, 504, 507];

// The server does not take the files; `status` and `code` are those of its answer.
export class Refused extends Error {
  constructor({ detail, status, code } = {}) {
    super(detail);
    Object.assign(this, { status, code });
  }

  // Whether the session has ended, or another login has replaced the token of the page.
  get isAboutLogin() {
    return this.status === 401 || (this.status === 403 && this.code === "permission_denied");
  }

  // Whether the batch is gone, closed or cancelled, so that another may take the files.
  get isBatchOver() {
    return this.status === 404 || (this.status === 409 && this.code === "conflict");
  }
}

// Return the files in parts: pictures together, and each archive alone.
function parts(files) {
  const found = [];
  let size = 0;
  for (const each of files) {
    const last = found.at(-1);
    const isFull = !last || last.length === PART_FILES || size + each.file.size > PART_BYTES;
    if (isFull || isArchive(each) || isArchive(last[0])) {
      found.push([each]);
      size = 0;
    } else {
      last.push(each);
    }
    size += each.file.size;
  }
  return found;
}

// Return the files that are too large for the server. It would refuse a whole part because of one.
export function tooLargeOf(files, { most, mostInArchive }) {
  return files.filter((each) => each.file.size > (isArchive(each) ? mostInArchive : most));
}

const isArchive = ({ path }) => /\.zip$/i.test(path);

// Return the files that cannot be read. One that was moved or changed in the meantime fails like a lost connection.
// Chromium leaves some reads without an end where 10,000 files were chosen; such a file is not known to be unreadable.
async function unreadableOf(files) {
  const found = [];
  const reads = files.map((each) => each.file.slice(0, 1).arrayBuffer().catch(() => found.push(each)));
  await Promise.race([Promise.all(reads), new Promise((resolve) => setTimeout(resolve, 1000 * LONGEST_READ_SECONDS))]);
  return [...found];
}

// Return whether the server refuses some files of a part. It takes the others without them.
const isAboutFiles = ({ status, code }) => status === 413 || (status === 422 && code !== "idempotency_key_reused");

// `report` is called with the state of a file and the file: "sending", "sent", "unreadable" or "refused", the last with
// the server's reason; and with "offline" and "online".
// `remember` is called after each request with what a later Sending of the same files needs as `begun`.
export class Sending {
  constructor(files, { url, token, fields, report, remember, begun }) {
    Object.assign(this, { files, url, token, fields, report, remember });
    this.parts = parts(files);
    this.key = begun?.key ?? crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    this.batch = begun?.batch ?? null; // as the API describes it
    this.partsSent = begun?.partsSent ?? 0; // perhaps by an earlier page
    // [place among the files, state, reason] of those that the batch misses. An unfinished part is sent again.
    const countSent = this.parts.slice(0, this.partsSent).flat().length;
    this.leftOut = (begun?.leftOut ?? []).filter(([place]) => place < countSent);
  }

  // Send all parts, close the batch and return it. It is null if the server has taken no file.
  async run() {
    for (const each of this.parts.slice(0, this.partsSent).flat()) this.#reportEarlier(each);
    while (this.partsSent < this.parts.length) {
      const isLast = this.partsSent === this.parts.length - 1;
      await this.#sendPart(this.parts[this.partsSent], String(this.partsSent), isLast);
      this.partsSent += 1;
      this.#rememberProgress();
    }
    if (this.batch?.state === "open") await this.#close();
    return this.batch;
  }

  #reportEarlier(file) {
    const [, state = "sent", reason] = this.leftOut.find(([place]) => this.files[place] === file) ?? [];
    this.report(state, file, reason);
  }

  #rememberProgress() {
    if (!this.batch) return;
    const { id, url, state } = this.batch;
    this.remember({ key: this.key, batch: { id, url, state }, partsSent: this.partsSent, leftOut: this.leftOut });
  }

  // Send the files of a part until the server has them. Those that cannot be read or are refused are left out.
  async #sendPart(part, name, closes) {
    let readable = part;
    for (let attempt = 0; readable.length; attempt += 1) {
      const answer = await this.#send(readable, `${this.key}-${name}-${readable.length}`, closes);
      if (answer.batch) {
        this.#take(answer.batch, readable);
        return;
      }
      const unreadable = await unreadableOf(readable);
      if (unreadable.length) {
        for (const each of unreadable) this.#leaveOut(each, "unreadable");
        readable = readable.filter((each) => !unreadable.includes(each));
      } else if (isAboutFiles(answer)) {
        if (part.length === 1) this.#leaveOut(part[0], "refused", answer.detail);
        // One by one, so that only those are left out that the server does not take.
        else for (const each of readable) await this.#sendPart([each], `${name}.${part.indexOf(each)}`, false);
        return;
      } else {
        await this.#waitOrRefuse(answer, attempt);
      }
    }
  }

  // Close the batch by a request of its own. The request with the last files does it where the server takes them all.
  async #close() {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await this.#send([], `${this.key}-close`, true);
      if (answer.batch) this.report("online");
      if (answer.batch || answer.code === "conflict") return; // it was closed or cancelled meanwhile
      await this.#waitOrRefuse(answer, attempt);
    }
  }

  #take(batch, files) {
    this.batch = batch;
    this.report("online");
    for (const each of files) this.report("sent", each);
    this.#rememberProgress();
  }

  #leaveOut(file, state, reason) {
    this.leftOut.push([this.files.indexOf(file), state, reason]);
    this.report(state, file, reason);
  }

  async #waitOrRefuse(answer, attempt) {
    if (!answer.passes) throw new Refused(answer);
    this.report("offline");
    await this.#wait(answer.seconds ?? Math.min(2 ** attempt, LONGEST_WAIT_SECONDS));
  }

  #send(part, key, closes) {
    const body = new FormData();
    for (const [name, value] of Object.entries(this.batch ? {} : this.fields)) body.set(name, value);
    body.set("close", String(closes));
    if (part.length === 1 && isArchive(part[0])) {
      body.append("zip", part[0].file);
    } else {
      body.set("names", JSON.stringify(part.map(({ path }) => path)));
      for (const { file } of part) body.append("files", file);
    }
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open("POST", this.batch ? `${new URL(this.batch.url).pathname}files/` : this.url);
      request.setRequestHeader("X-CSRFToken", this.token);
      request.setRequestHeader("Idempotency-Key", key);
      request.setRequestHeader("Accept", "application/json");
      request.responseType = "json";
      // A connection may be lost without a word. It then ends here, and the part is sent again.
      let timer;
      const listen = () => {
        clearTimeout(timer);
        timer = setTimeout(() => request.abort(), 1000 * LONGEST_SILENCE_SECONDS);
      };
      listen();
      request.upload.addEventListener("progress", ({ loaded }) => {
        listen();
        this.#reportProgress(part, loaded);
      });
      request.addEventListener("loadend", () => {
        clearTimeout(timer);
        resolve(this.#answerOf(request));
      });
      request.send(body);
    });
  }

  #reportProgress(part, loaded) {
    let left = loaded;
    for (const each of part) {
      if (left <= 0) return;
      this.report("sending", each);
      left -= each.file.size;
    }
  }

  #answerOf(request) {
    const { status, response } = request;
    if (status === 202 && response) return { batch: response };
    const passes = PASSING.includes(status) || response?.code === "idempotency_key_in_use" || status === 202;
    const seconds = Number(request.getResponseHeader("Retry-After")) || undefined;
    return { passes, seconds, status, code: response?.code, detail: response?.detail };
  }

  #wait(seconds) {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        removeEventListener("online", done);
        resolve();
      };
      const timer = setTimeout(done, 1000 * seconds);
      addEventListener("online", done);
    });
  }
}
