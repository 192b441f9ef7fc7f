// The risk curve of a verdict, with its setting marked.

const WIDTH = 320, HEIGHT = 190, LEFT = 34, BOTTOM = 40, TOP = 26, RIGHT = 8;
const HALF = 0.5;

/** Return an SVG element of element name, attributes and children. */
export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Draw risk against strength. curve: points of [strength, share, low, high], strength, unit. */
export function drawCurve(curve, share) {
  const strengths = curve.points.map((point) => point[0]).concat(curve.strength);
  const [least, most] = [Math.log(Math.min(...strengths)), Math.log(Math.max(...strengths))];
  const x = (strength) =>
    LEFT + ((Math.log(strength) - least) / Math.max(most - least, 1e-9)) * (WIDTH - LEFT - RIGHT);
  const y = (risk) => HEIGHT - BOTTOM - risk * (HEIGHT - BOTTOM - TOP);
  const at = (index) => curve.points.map((point) => `${x(point[0])},${y(point[index])}`);
  const here = `this place: ${Math.round(100 * share)}`;
  const words = `Curve: of 100 people, how many are named right, against how strongly they are hidden; ${here}`;
  const ticks = [0, 0.5, 1].map((risk) =>
    svg("text", { x: LEFT - 6, y: y(risk) + 4, "text-anchor": "end" }, `${100 * risk}`));
  const edge = `M${LEFT},${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}`;
  const isLeft = x(curve.strength) < LEFT + HALF * (WIDTH - LEFT - RIGHT);
  const beside = { x: x(curve.strength) + (isLeft ? 9 : -9), y: y(share) + (share > HALF ? -6 : -10), "text-anchor": isLeft ? "start" : "end" };
  return svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words },
    svg("path", { class: "axis", fill: "none", d: edge }), ...ticks,
    svg("polygon", { class: "band", points: [...at(3), ...at(2).reverse()].join(" ") }),
    svg("polyline", { class: "line", points: at(1).join(" ") }),
    svg("circle", { class: "here", cx: x(curve.strength), cy: y(share), r: 5 }),
    svg("text", { class: "said", ...beside }, here),
    svg("text", { x: 0, y: 12 }, "Named right, of 100 people"),
    svg("text", { x: LEFT, y: HEIGHT - 24 }, "milder"),
    svg("text", { x: WIDTH - RIGHT, y: HEIGHT - 24, "text-anchor": "end" }, "stronger"),
    svg("text", { x: LEFT + HALF * (WIDTH - LEFT - RIGHT), y: HEIGHT - 6, "text-anchor": "middle" }, "How strongly it is hidden"),
  );
}

/** Return in words what a curve shows, and where on it the place is. */
export function ofCurve(curve) {
  const [what, of] = curve.unit.split(" per ");
  const percent = `${Number((100 * curve.strength).toPrecision(2))} %`;
  const here = of?.startsWith("face width") ? `Here, the ${what} is ${percent} of the face's width.` : `Here, it is ${curve.strength} (${curve.unit}).`;
  return `The line is the strongest attack that was measured, the band its margin of error. ${here}`;
}
