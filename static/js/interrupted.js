// An upload in parts that was interrupted, for example by a closed tab. The browser cannot keep the files, so the same
// ones are chosen again; what is remembered says which parts the server has.

const LONGEST_HOURS = 20; // an open batch is closed a day after its creation, and forgets the keys of its parts

const storageKey = () => `digitscribe-sending-${document.querySelector("[data-sending]").dataset.account}`;

// Return a text that is the same for the same files in the same order that are read in the same way.
export function fingerprintOf(files, fields) {
  let hash = 0xcbf29ce484222325n;
  const lines = files.map(({ path, file }) => `${path}\n${file.size}\n${file.lastModified}\n`);
  for (const line of [JSON.stringify(fields), ...lines]) {
    for (const byte of new TextEncoder().encode(line)) {
      hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
    }
  }
  return `${files.length}-${hash.toString(16)}`;
}

// Return what was remembered, or null. A browser may refuse the storage.
export function interruptedUpload() {
  try {
    const found = JSON.parse(localStorage.getItem(storageKey()));
    return found && Date.now() - found.begun < LONGEST_HOURS * 3_600_000 ? found : null;
  } catch {
    return null;
  }
}

export function remember(upload) {
  try {
    localStorage.setItem(storageKey(), JSON.stringify(upload));
  } catch {
    // Without the storage an interrupted upload begins anew.
  }
}

export function forget() {
  try {
    localStorage.removeItem(storageKey());
  } catch {
    // There is nothing to forget.
  }
}

// Tell on the start page that an upload was interrupted, and let the person give it up.
export function showInterrupted() {
  const notice = document.querySelector("[data-interrupted]");
  const upload = interruptedUpload();
  notice.hidden = !upload;
  if (!upload) return;
  notice.querySelector("[data-interrupted-name]").textContent = upload.name;
  notice.querySelector("[data-interrupted-sent]").textContent = upload.filesSent;
  notice.querySelector("[data-interrupted-count]").textContent = upload.fileCount;
  notice.querySelector("[data-interrupted-forget]").onclick = () => {
    forget();
    notice.hidden = true;
  };
}
