// Drag over the chosen photo to write the part between into the field Box.
let start = null;
const at = (event, image) => {
  const shown = image.getBoundingClientRect(), scale = image.dataset.width / shown.width;
  return [(event.clientX - shown.left) * scale, (event.clientY - shown.top) * scale].map(Math.round);
};
element.addEventListener("pointerdown", (event) => {
  if (event.target.dataset.width) start = at(event, event.target);
});
element.addEventListener("pointerup", (event) => {
  if (!start || !event.target.dataset.width) return;
  const end = at(event, event.target);
  const [left, top] = start.map((from, axis) => Math.min(from, end[axis]));
  const [width, height] = start.map((from, axis) => Math.abs(from - end[axis]));
  start = null;
  if (width < 2 || height < 2) return;
  const field = document.querySelector("#box textarea, #box input");
  field.value = [left, top, width, height].join(",");
  field.dispatchEvent(new Event("input", { bubbles: true }));
});
