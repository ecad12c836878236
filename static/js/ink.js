// Strokes and how they look. A stroke is {pen, erases, points: [[x, y, pressure, ms], …]} on a sheet of 800 × 600.

export const WIDTH = 800;
export const HEIGHT = 600;

const INK = "#1b2a5c";
const PAPER = "#fffefa";

// A context with an alpha channel lies over ruled paper: there the eraser takes ink away instead of painting paper.
export function paintSheet(context, strokes) {
  context.globalCompositeOperation = "source-over";
  context.fillStyle = PAPER;
  if (isClear(context)) context.clearRect(0, 0, WIDTH, HEIGHT);
  else context.fillRect(0, 0, WIDTH, HEIGHT);
  for (const stroke of strokes) {
    stroke.points.forEach((_, index) => paintPoint(context, stroke, index));
    paintEnd(context, stroke);
  }
}

// The part of a stroke that its point number `index` adds: from middle to middle, bent by the point before.
export function paintPoint(context, stroke, index) {
  const { points } = stroke;
  const [x, y] = points[index];
  begin(context, stroke, points[index]);
  if (index === 0) {
    context.moveTo(x, y);
    context.lineTo(x, y);
  } else {
    const before = points[index - 1];
    context.moveTo(...(index === 1 ? before : middle(points[index - 2], before)));
    context.quadraticCurveTo(before[0], before[1], ...middle(before, points[index]));
  }
  context.stroke();
}

// The last half segment, once it is known to be the last.
export function paintEnd(context, stroke) {
  const { points } = stroke;
  if (points.length < 2) return;
  const [before, last] = points.slice(-2);
  begin(context, stroke, last);
  context.moveTo(...middle(before, last));
  context.lineTo(last[0], last[1]);
  context.stroke();
}

function begin(context, stroke, point) {
  context.globalCompositeOperation = stroke.erases && isClear(context) ? "destination-out" : "source-over";
  context.strokeStyle = stroke.erases ? PAPER : INK;
  context.lineWidth = stroke.pen * (stroke.erases ? 2 : 0.5 + point[2]);
  context.lineCap = "round";
  context.lineJoin = "round";
  context.beginPath();
}

function middle(a, b) {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}

function isClear(context) {
  return context.getContextAttributes().alpha;
}
