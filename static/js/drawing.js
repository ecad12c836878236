// What is on the pad: strokes, what was undone, and a copy that survives a reload of the page.

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
    this.keep();
  }

  undo() {
    if (this.strokes.length) this.undone.push(this.strokes.pop());
    this.keep();
  }

  redo() {
    if (this.undone.length) this.strokes.push(this.undone.pop());
    this.keep();
  }

  // Clearing can be taken back as well, stroke by stroke.
  clear() {
    while (this.strokes.length) this.undone.push(this.strokes.pop());
    this.keep();
  }

  keep() {
    try {
      sessionStorage.setItem(this.key, JSON.stringify({ strokes: this.strokes, undone: this.undone }));
    } catch {
      // The storage is full or forbidden: the drawing lives as long as the page.
    }
  }

  restore() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.key) ?? "{}");
      this.strokes = kept.strokes ?? [];
      this.undone = kept.undone ?? [];
    } catch {
      sessionStorage.removeItem(this.key);
    }
  }
}
