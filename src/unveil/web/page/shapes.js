// The outlines of places, and where they lie; in pixels of the photo.

import { svg } from "./chart.js";

export const LEAST_PX = 4;
export const CORNERS = [[0, 0], [1, 0], [0, 1], [1, 1]];

export const clamped = (value, least, most) => Math.max(Math.min(value, most), least);

/** Return the elements that outline a place, and the hidden part that was found in it. */
export function outline(region) {
  const [left, top, width, height] = region.box;
  if (region.shape === "brush") {
    const points = region.points.map((point) => point.join(",")).join(" ");
    return [svg("polyline", { class: "stroke", points: `${region.points[0].join(",")} ${points}`, "stroke-width": 2 * region.radius })];
  }
  const middle = { cx: left + width / 2, cy: top + height / 2, rx: width / 2, ry: height / 2 };
  const shape = region.shape === "ellipse"
    ? svg("ellipse", { class: "mark", ...middle })
    : svg("rect", { class: "mark", x: left, y: top, width, height });
  const lines = (region.verdict?.outline ?? []).map((line) => svg("polygon", { class: "outline", points: line.map((point) => point.join(",")).join(" ") }));
  return [shape, ...lines];
}

/** Return the handles at the corners of a place. side: of a handle. */
export function handles({ box: [left, top, width, height] }, side) {
  return CORNERS.map(([across, down], index) => svg("rect", {
    class: "handle", "data-corner": index, width: side, height: side,
    x: left + across * width - side / 2, y: top + down * height - side / 2,
  }));
}

/** Return the label of a place, as large on a zoomed photo as on any, and inside it. */
export function tag({ box: [left, top] }, text, scale) {
  const at = [Math.max(left, 2 / scale), Math.max(top, 20 / scale)];
  return svg("g", { transform: `translate(${at[0]} ${at[1]}) scale(${1 / scale})` },
    svg("rect", { class: "tag-ground", x: -2, y: -20, width: 12 + 8 * text.length, height: 20, rx: 4 }),
    svg("text", { class: "tag", x: 4, y: -5 }, text));
}

/** Return the box around strokes of the brush. */
export function around(strokes) {
  const all = strokes.flatMap(({ points, radius }) => points.map(([x, y]) => [x - radius, y - radius, x + radius, y + radius]));
  const [left, top, right, bottom] = all.reduce(([a, b, c, d], [e, f, g, i]) => [Math.min(a, e), Math.min(b, f), Math.max(c, g), Math.max(d, i)]);
  return [left, top, right - left, bottom - top];
}

/** Return the part of a box inside a photo, of whole pixels and not less than the least. */
export function inside([left, top, width, height], photo) {
  const [x, y] = [clamped(Math.round(left), 0, photo.width - LEAST_PX), clamped(Math.round(top), 0, photo.height - LEAST_PX)];
  const [right, bottom] = [clamped(Math.round(left + width), x + LEAST_PX, photo.width), clamped(Math.round(top + height), y + LEAST_PX, photo.height)];
  return [x, y, right - x, bottom - y];
}

/** Return a box at another place, stopped by the edges of the photo. */
export function moved([, , width, height], left, top, photo) {
  return [clamped(left, 0, photo.width - width), clamped(top, 0, photo.height - height), width, height];
}
