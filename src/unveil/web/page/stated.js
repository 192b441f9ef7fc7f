// What hides a place, where the visitor knows better than what was found.

import { button, h, switched } from "./html.js";

const KINDS = [["", "I do not know: measure it"], ["blur", "Blur"], ["mosaic", "Mosaic"]];
const RANGES = { blur: { min: 0.5, max: 30, step: 0.5 }, mosaic: { min: 2, max: 64, step: 1 } };
const BLURS = ["gaussian", "box", "disk", "motion", "median"];
const WIDTHS = { blur: 24, mosaic: 16 }; // first guesses, as parts of the place's width
const ADVICE = {
  blur: "Start weak. Too strong a value gives rings along the edges.",
  mosaic: "Zoom in and count how many pixels wide one block is. A box should begin at the edge of a block.",
};

/** Return the operator that the visitor states of a photo, or of a place on it, as a field's text; empty for none. */
export function operatorOf({ stated }) {
  if (stated.kind === "own") return stated.text;
  if (stated.kind === "blur") return `gaussian:sigma=${stated.px}`;
  return stated.kind === "mosaic" ? `pixelate:block=${stated.px}` : "";
}

/** Return a choice of what hides a place. found: what was measured there, if anything. */
export function statedChoice(app, region, found) {
  const { stated } = region;
  const set = (values) => { Object.assign(stated, values); app.start(); };
  const radios = KINDS.map(([kind, words]) => switched("radio", words, { name: "stated", checked: stated.kind === kind },
    () => set({ kind, px: firstOf(kind, region, found) })));
  return h("fieldset", {}, h("legend", {}, "What hides it?"), ...radios, RANGES[stated.kind] && strength(stated, set, region));
}

function strength(stated, set, region) {
  const said = (px) => `${px} px${stated.kind === "mosaic" ? `, ${Math.round(region.box[2] / px)} across` : ""}`;
  const slider = h("input", { type: "range", ...RANGES[stated.kind], value: stated.px, "aria-label": stated.kind === "blur" ? "Strength of the blur, in pixels" : "Width of a block, in pixels",
    oninput: (event) => { event.target.nextSibling.value = said(event.target.value); },
    onchange: (event) => set({ px: Number(event.target.value) }) });
  return [h("div.row", {}, slider, h("output", {}, said(stated.px))), h("p.soft", {}, ADVICE[stated.kind])];
}

/** Return the strength that is tried first: what was measured, or else a part of the place's width. */
function firstOf(kind, region, found) {
  if (!kind) return 0;
  const { min, max, step } = RANGES[kind];
  const isMeasured = found?.strength_px && (kind === "mosaic" ? found.kind === "mosaic" : BLURS.includes(found.kind));
  const px = isMeasured ? found.strength_px : region.box[2] / WIDTHS[kind];
  return Math.min(Math.max(Math.round(px / step) * step, min), max);
}

/** Return a field for any operator on a photo, or on a place on it, and a way back to none. */
export function ownOperator(app, of) {
  const { stated } = of;
  const set = (text) => { Object.assign(stated, { kind: text ? "own" : "", text }); app.start(); };
  const field = h("input", { type: "text", value: operatorOf(of), placeholder: "measured, or pixelate:block=8", onchange: (event) => set(event.target.value.trim()) });
  return h("p.row", {}, h("label.row", {}, "Operator", field), stated.kind === "own" && button("Measure it", () => set("")));
}
