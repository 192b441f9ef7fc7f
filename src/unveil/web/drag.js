// Drag over the chosen photo: write the part between into the field Box, or a stroke of the brush
// into the field Strokes while "Paint a mask" is on.
let start = null, stroke = null, last = null;
const at = (event, image) => {
  const shown = image.getBoundingClientRect(), scale = image.dataset.width / shown.width;
  return [(event.clientX - shown.left) * scale, (event.clientY - shown.top) * scale].map(Math.round);
};
const write = (name, text) => {
  const field = document.querySelector(`#${name} textarea, #${name} input`);
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
};
const isPainting = () => {
  const box = document.querySelector("#paint input");
  return Boolean(box && box.checked && box.offsetParent);
};
const strokes = () => document.querySelector("#strokes textarea, #strokes input").value;
element.addEventListener("pointerdown", (event) => {
  if (!event.target.dataset.width) return;
  if (!isPainting()) return void (start = at(event, event.target));
  const radius = document.querySelector("#brush input").value / 2;
  last = at(event, event.target);
  stroke = { radius, before: strokes(), points: [last.join(",")] };
  write("strokes", `${stroke.before}${radius}:${stroke.points.join(" ")};`);
});
element.addEventListener("pointermove", (event) => {
  if (!stroke || !event.target.dataset.width) return;
  const now = at(event, event.target);
  if (Math.hypot(now[0] - last[0], now[1] - last[1]) < Math.max(stroke.radius / 4, 1)) return;
  last = now;
  stroke.points.push(now.join(","));
  write("strokes", `${stroke.before}${stroke.radius}:${stroke.points.join(" ")};`);
});
window.addEventListener("pointerup", () => (stroke = null));
element.addEventListener("pointerup", (event) => {
  if (!start || !event.target.dataset.width) return;
  const end = at(event, event.target);
  const [left, top] = start.map((from, axis) => Math.min(from, end[axis]));
  const [width, height] = start.map((from, axis) => Math.abs(from - end[axis]));
  start = null;
  if (width < 2 || height < 2) return;
  write("box", [left, top, width, height].join(","));
});
