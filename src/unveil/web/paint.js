// Draw the strokes in the field Strokes over the chosen photo: "RADIUS:X,Y X,Y;RADIUS:..." in pixels.
(text) => {
  const image = document.querySelector("#chosen img"), mask = document.querySelector(".unveil-mask");
  if (!mask) return;
  const width = Number(image.dataset.width);
  mask.setAttribute("viewBox", `0 0 ${width} ${(width * image.naturalHeight) / image.naturalWidth}`);
  mask.replaceChildren(...text.split(";").filter(Boolean).map((stroke) => {
    const [radius, points] = stroke.split(":");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
    // A line of one point is not drawn: its end stands twice.
    line.setAttribute("points", `${points} ${points.split(" ").at(-1)}`);
    line.setAttribute("stroke-width", 2 * radius);
    return line;
  }));
}
