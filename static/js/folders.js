// The files of a selection or of a drop, those in folders included, each with its path.

const isHidden = (path) => path.split("/").some((part) => part.startsWith(".") || part === "__MACOSX");
const isSystemFile = (path) => /(^|\/)(thumbs\.db|desktop\.ini)$/i.test(path);
const inOrder = new Intl.Collator(undefined, { numeric: true }).compare;

// Return {path, file} of each file that a person means, in the order of their names.
export function namedFiles(files) {
  return cleaned([...files].map((file) => ({ path: file.webkitRelativePath || file.name, file })));
}

// Return the files of a drop. Its entries vanish when the event has ended, so they are taken before the first wait.
export async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return namedFiles(transfer.files);
  const found = [];
  for (const entry of entries) await collect(entry, found);
  return cleaned(found);
}

async function collect(entry, found) {
  const path = entry.fullPath.replace(/^\//, "");
  if (entry.isFile) {
    const file = await new Promise((resolve) => entry.file(resolve, () => resolve(null)));
    if (file) found.push({ path, file });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([]))); // at most 100 at once
    if (!some.length) return;
    for (const inner of some) await collect(inner, found);
  }
}

function cleaned(files) {
  return files
    .filter(({ path }) => !isHidden(path) && !isSystemFile(path))
    .sort((one, other) => inOrder(one.path, other.path));
}
