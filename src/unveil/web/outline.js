// Draw the box in the field Box over the chosen photo, whoever wrote it there.
(text) => {
  const image = document.querySelector("#chosen img"), outline = document.querySelector(".unveil-outline");
  if (!outline) return;
  outline.removeAttribute("style");
  const numbers = text.split(",").map(Number);
  if (numbers.length !== 4 || numbers.some(Number.isNaN)) return;
  const width = Number(image.dataset.width);
  const height = (width * image.naturalHeight) / image.naturalWidth;
  ["left", "top", "width", "height"].forEach((side, n) => {
    outline.style[side] = `${(100 * numbers[n]) / (n % 2 ? height : width)}%`;
  });
}
