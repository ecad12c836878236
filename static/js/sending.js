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

// `report` is called with the state of each file: "sending", "sent" or "unreadable", and with "offline" and "online".
// `remember` is called after each part with what a later Sending of the same files needs as `begun`.
export class Sending {
  constructor(files, { url, token, fields, report, remember, begun }) {
    Object.assign(this, { url, token, fields, report, remember });
    this.parts = parts(files);
    this.key = begun?.key ?? crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    this.batch = begun?.batch ?? null; // as the API describes it
    this.partsBefore = begun?.partsSent ?? 0; // sent by an earlier page
  }

  // Send all parts and return the batch.
  async run() {
    for (const [number, part] of this.parts.entries()) {
      if (number < this.partsBefore) {
        for (const { path } of part) this.report("sent", path);
        continue;
      }
      const isLast = number === this.parts.length - 1;
      let readable = part;
      for (let attempt = 0; ; attempt += 1) {
        const answer = await this.#send(readable, `${this.key}-${number}-${readable.length}`, isLast);
        if (answer.batch) {
          this.batch = answer.batch;
          this.report("online");
          for (const { path } of readable) this.report("sent", path);
          const { id, url } = this.batch;
          this.remember({ key: this.key, batch: { id, url }, partsSent: number + 1 });
          break;
        }
        const unreadable = await unreadableOf(readable);
        if (unreadable.length) {
          for (const { path } of unreadable) this.report("unreadable", path);
          readable = readable.filter((each) => !unreadable.includes(each));
          if (!readable.length) break;
          continue;
        }
        if (!answer.passes) throw new Refused(answer);
        this.report("offline");
        await this.#wait(answer.seconds ?? Math.min(2 ** attempt, LONGEST_WAIT_SECONDS));
      }
    }
    return this.batch;
  }

  #send(part, key, isLast) {
    const body = new FormData();
    for (const [name, value] of Object.entries(this.batch ? {} : this.fields)) body.set(name, value);
    body.set("close", String(isLast));
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
    for (const { path, file } of part) {
      if (left <= 0) return;
      this.report("sending", path);
      left -= file.size;
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
