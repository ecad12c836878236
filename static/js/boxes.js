// Drawing a box over the picture: it fills the form that adds a box, which also works without a script.

const SVG = "http://www.w3.org/2000/svg";

export function allowDrawing(part) {
  const details = part.querySelector("[data-boxes]");
  const form = part.querySelector("[data-add-box]");
  const svg = part.querySelector(".boxes");
  if (!details || !form || !svg) return;
  form.querySelector("[data-add-help]").hidden = false;
  const { width, height } = svg.viewBox.baseVal;
  let start = null;
  let rectangle = null;

  // The pointer's position in the picture's own pixels, whatever its size on the screen.
  const pictureCoordinates = (event) => {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return [Math.min(Math.max(Math.round(x), 0), width), Math.min(Math.max(Math.round(y), 0), height)];
  };

  const showBox = (event) => {
    const end = pictureCoordinates(event);
    const box = {
      x: Math.min(start[0], end[0]),
      y: Math.min(start[1], end[1]),
      width: Math.abs(end[0] - start[0]),
      height: Math.abs(end[1] - start[1]),
    };
    for (const [name, value] of Object.entries(box)) {
      rectangle.setAttribute(name, value);
      form.elements[name].value = value;
    }
  };

  svg.addEventListener("pointerdown", (event) => {
    if (!details.open || event.button !== 0 || event.target.dataset.box) return;
    event.preventDefault();
    svg.setPointerCapture(event.pointerId);
    rectangle?.remove();
    rectangle = svg.appendChild(document.createElementNS(SVG, "rect"));
    rectangle.classList.add("is-new");
    start = pictureCoordinates(event);
  });
  svg.addEventListener("pointermove", (event) => start && showBox(event));
  svg.addEventListener("pointerup", (event) => {
    if (!start) return;
    showBox(event);
    start = null;
    form.elements.value.focus();
  });
  svg.addEventListener("pointercancel", () => {
    start = null;
  });
  details.addEventListener("toggle", () => svg.classList.toggle("takes-boxes", details.open));
}
