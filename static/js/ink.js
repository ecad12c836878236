// Painting of strokes. A stroke is {pen, erases, points: [[x, y, pressure, ms], …]}; the drawing has 800 × 600 units.

export const WIDTH = 800;
export const HEIGHT = 600;

const INK = "#1b2a5c";
const PAPER = "#fffefa";

// On a context with an alpha channel, the paper is a background behind it: the eraser makes pixels transparent.
export function paintStrokes(context, strokes) {
  context.globalCompositeOperation = "source-over";
  context.fillStyle = PAPER;
  if (hasAlpha(context)) context.clearRect(0, 0, WIDTH, HEIGHT);
  else context.fillRect(0, 0, WIDTH, HEIGHT);
  for (const stroke of strokes) {
    stroke.points.forEach((_, index) => paintPoint(context, stroke, index));
    paintEnd(context, stroke);
  }
}

// Paint what point number `index` adds to a stroke: a curve between midpoints, controlled by the point before.
export function paintPoint(context, stroke, index) {
  const { points } = stroke;
  const [x, y] = points[index];
  beginSegment(context, stroke, points[index]);
  if (index === 0) {
    context.moveTo(x, y);
    context.lineTo(x, y);
  } else {
    const before = points[index - 1];
    context.moveTo(...(index === 1 ? before : midpoint(points[index - 2], before)));
    context.quadraticCurveTo(before[0], before[1], ...midpoint(before, points[index]));
  }
  context.stroke();
}

// Paint the last half segment when the stroke ends.
export function paintEnd(context, stroke) {
  const { points } = stroke;
  if (points.length < 2) return;
  const [before, last] = points.slice(-2);
  beginSegment(context, stroke, last);
  context.moveTo(...midpoint(before, last));
  context.lineTo(last[0], last[1]);
  context.stroke();
}

function beginSegment(context, stroke, point) {
  context.globalCompositeOperation = stroke.erases && hasAlpha(context) ? "destination-out" : "source-over";
  context.strokeStyle = stroke.erases ? PAPER : INK;
  context.lineWidth = stroke.pen * (stroke.erases ? 2 : 0.5 + point[2]);
  context.lineCap = "round";
  context.lineJoin = "round";
  context.beginPath();
}

function midpoint(a, b) {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}

function hasAlpha(context) {
  return context.getContextAttributes().alpha;
}
