// The drawing on the pad: its strokes, the undone ones, and a copy that survives a reload of the page.

const MOST_STROKES = 500;

export class Drawing {
  constructor(key) {
    this.key = key;
    this.strokes = [];
    this.undone = [];
    this.restore();
  }

  get isBlank() {
    return !this.strokes.some((stroke) => !stroke.erases);
  }

  add(stroke) {
    this.strokes.push(stroke);
    this.strokes.splice(0, this.strokes.length - MOST_STROKES);
    this.undone = [];
    this.save();
  }

  undo() {
    if (this.strokes.length) this.undone.push(this.strokes.pop());
    this.save();
  }

  redo() {
    if (this.undone.length) this.strokes.push(this.undone.pop());
    this.save();
  }

  // Redo restores a cleared drawing stroke by stroke.
  clear() {
    while (this.strokes.length) this.undone.push(this.strokes.pop());
    this.save();
  }

  save() {
    try {
      sessionStorage.setItem(this.key, JSON.stringify({ strokes: this.strokes, undone: this.undone }));
    } catch {
      // The storage is full or not allowed. The drawing is lost when the page closes.
    }
  }

  restore() {
    try {
      const saved = JSON.parse(sessionStorage.getItem(this.key) ?? "{}");
      this.strokes = saved.strokes ?? [];
      this.undone = saved.undone ?? [];
    } catch {
      sessionStorage.removeItem(this.key);
    }
  }
}
