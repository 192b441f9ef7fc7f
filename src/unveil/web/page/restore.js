// The job Restore: a blur or a mosaic undone, from faithful to real.

import { boxText, chosenOf, nameOf, strokesText, within } from "./album.js";
import { boxField } from "./check.js";
import { button, h, switched } from "./html.js";
import { keep, keyOf, madeFor } from "./results.js";
import { asJpeg, save } from "./saving.js";
import { around, inside } from "./shapes.js";
import { operatorOf, ownOperator, statedChoice } from "./stated.js";

/** How to restore. */
export const choice = { realism: 0, samples: 0 };

const SAMPLES = 3;

/** Restore a photo, or the place of it that is chosen. */
export async function restore(app, photo) {
  const fields = fieldsOf(photo, placeOf(photo)), answer = await app.run("restore", photo, fields);
  if (!answer) return false;
  keep(photo, "restored", answer, keyOf(photo, fields));
  return true;
}

/** Return what was restored of the place that is chosen; what was found is part of all that is hidden. */
export function restoredOf(photo) {
  const place = placeOf(photo), keys = [keyOf(photo, fieldsOf(photo, place))];
  if (place?.isFound && !place.stated.kind) keys.push(keyOf(photo, fieldsOf(photo, null)));
  return madeFor(photo, "restored", ...keys);
}

/** Return the place that alone is restored: one that is hidden, or the visitor's own; else none. */
function placeOf(photo) {
  const region = photo.isClip ? null : chosenOf(photo);
  return region && !(region.isFound && region.verdict.is_clean) ? region : null;
}

function fieldsOf(photo, place) {
  const operator = operatorOf(place ?? photo), fields = operator ? [["operator", operator]] : [];
  if (photo.isClip) return fields;
  if (place?.shape === "brush") {
    // Without an operator it is measured in a box around what was painted.
    const strokes = touching(photo, place);
    fields.push(operator ? ["strokes", strokesText(strokes)] : ["box", inside(around(strokes), photo).join(",")]);
  } else if (place) fields.push(["box", boxText(place)]);
  fields.push(["realism", String(choice.realism)]);
  if (choice.samples) fields.push(["samples", String(choice.samples)]);
  return fields;
}

/** Return a stroke with all strokes that it touches, or that touch those: one painted part. */
function touching(photo, stroke) {
  const part = [stroke];
  for (const one of part) {
    for (const other of photo.regions) if (other.shape === "brush" && !part.includes(other) && touches(one.box, other.box)) part.push(other);
  }
  return photo.regions.filter((region) => part.includes(region)).map((region) => ({ ...region, isSpared: false }));
}

const touches = ([left, top, width, height], [x, y, across, down]) => left < x + across && x < left + width && top < y + down && y < top + height;

/** Return what the panel shows. */
export function restorePanel(app, photo) {
  const restored = restoredOf(photo), place = placeOf(photo), { answer, file } = restored ?? {};
  if (photo.isClip && !restored) return [h("p.soft", {}, "What hides the video is found, and undone picture by picture."), h("p", {}, button("Restore", () => app.start(), { class: "primary" })), more(app, photo)];
  const isStuck = Boolean(answer && !answer.undone), isStated = place && !["", "own"].includes(place.stated.kind);
  return [
    answer?.label && h("p.label", {}, h("strong", {}, answer.label)),
    h("div", { role: "status" }, (answer?.words ?? [toDo(photo, place)]).map((text) => h("p", {}, text)), isStuck && h("p", {}, wayOn(photo, place))),
    !photo.isClip && buttons(app, photo, place, restored),
    (place && isStuck || isStated) && statedChoice(app, place, answer?.found),
    file && downloads(restored, photo), file && !photo.isClip && answers(app, restored), !photo.isClip && !isStuck && dial(app), more(app, photo, restored),
  ].filter(Boolean);
}

function toDo(photo, place) {
  if (photo.isBusy) return "The result comes in a moment.";
  return `${place ? nameOf(photo, place) : "The photo"} is not restored yet.`;
}

/** Return what can be done where nothing was undone. */
function wayOn(photo, place) {
  if (!place) return "If you see a part that is blurred or in blocks, draw a box around it, or paint over it, and restore that.";
  return place.stated.kind ? "Try another strength, or let it be measured." : `If you see that ${within(photo, place)} is blurred or in blocks, say below what hides it.`;
}

function buttons(app, photo, place, restored) {
  const isAll = restored && (!place || restored.key === keyOf(photo, fieldsOf(photo, null)));
  const isWhole = Boolean(restored && isAll), isStuck = restored && !restored.answer.undone;
  return h("p.row", {},
    restored?.file && h("span.soft", {}, isWhole ? "Restored: all that is hidden." : `Restored: ${within(photo, place)} only${place.shape === "brush" && !operatorOf(place) ? ", in the box around it" : ""}.`),
    place && (!restored || isWhole) && button(`Restore ${within(photo, place)}${isWhole ? " only" : ""}`, () => app.start(), { class: restored ? "" : "primary" }),
    !place && !restored && button("Restore", () => app.start(), { class: "primary" }),
    place && !isWhole && button("Restore all that is hidden", () => { photo.chosen = null; app.start(); }),
    !place && isStuck && [button("Draw a box", (event) => app.take("box", event), { class: "primary" }), button("Paint", (event) => app.take("brush", event))]);
}

function dial(app) {
  const set = (values) => { Object.assign(choice, values); app.start(); };
  return h("fieldset", {}, h("legend", {}, "From faithful to real"),
    h("div.row", {}, h("span", {}, "Faithful"), h("input", { type: "range", min: 0, max: 1, step: 0.25, value: choice.realism,
      "aria-label": "Realism", onchange: (event) => set({ realism: Number(event.target.value) }) }), h("span", {}, "Real")),
    h("p.soft", {}, "What looks real is plausible; it is not evidence."),
    switched("checkbox", "Several plausible answers", { checked: choice.samples > 0 }, (event) => set({ samples: event.target.checked ? SAMPLES : 0 })));
}

/** Return the pictures of an answer side by side; one is shown large. */
function answers(app, restored) {
  if (restored.answer.files.length < 2) return null;
  const names = restored.answer.files.map((file) => file.name.replace(/\.\w+$/, "").replace(/^.*-/, ""));
  const words = { restored: "The answer", uncertainty: "How unsure: white is a guess" };
  return h("div.answers", { role: "group", "aria-label": "Answers" }, restored.answer.files.map((file, index) => {
    file.url ??= URL.createObjectURL(file.blob);
    const said = words[names[index]] ?? `Plausible, ${names[index].replace("sample", "")}`;
    const pressed = () => { restored.file = file; restored.url = file.url; app.draw(); };
    return h("button", { type: "button", onclick: pressed, "aria-pressed": restored.file === file }, h("img", { src: file.url, alt: "" }), said);
  }));
}

function downloads({ file, answer }, photo) {
  const jpeg = async () => save(await asJpeg(file.blob, answer.label), file.name.replace(/\.\w+$/, ".jpg"));
  return h("p.row", {}, button(photo.isClip ? "Download video" : "Download PNG", () => save(file.blob, file.name), { class: "primary" }),
    !photo.isClip && button("JPEG", jpeg, { "aria-label": "Download JPEG" }));
}

function more(app, photo, restored) {
  const place = placeOf(photo), answer = restored?.answer;
  const isHere = place && answer?.undone && ["", "own"].includes(place.stated.kind); // else it stands above
  return h("details", {}, h("summary", {}, "More"),
    isHere && statedChoice(app, place, answer.found), ownOperator(app, place ?? photo),
    place && boxField(app, place),
    (answer?.notes ?? []).map((text) => h("p.soft", {}, text)),
    answer?.command && [h("p.soft", {}, "The same as a command:"), h("code.command", { tabindex: 0 }, answer.command)]);
}
