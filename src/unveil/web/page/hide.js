// The job Hide: covers over faces and parts, checked beside the original.

import { boxText, counts, nameOf, strokesText } from "./album.js";
import { button, h, switched } from "./html.js";
import { keep, keyOf, madeFor } from "./results.js";
import { asJpeg, save, zipped } from "./saving.js";

const COVERS = [["mosaic", "Drawn mosaic"], ["solid", "Black box"], ["sticker", "Sticker"]];
const SHAPES = [["box", "Box"], ["ellipse", "Ellipse"], ["soft", "Soft ellipse"]];
const ACROSS = 6;

/** How to hide; the same for all photos, safe by default. */
export const choice = { style: "mosaic", across: null, shape: "box" };

/** Hide the places of a photo, unless there is none. */
export async function hide(app, photo) {
  if (!photo.isClip && !places(photo).length) return true;
  const fields = fieldsOf(photo), answer = await app.run("obfuscate", photo, fields);
  if (!answer) return false;
  keep(photo, "hidden", answer, keyOf(photo, fields));
  return true;
}

/** Return what was made by hiding the places as they are now, in the way that is chosen now. */
export const hiddenOf = (photo) => madeFor(photo, "hidden", keyOf(photo, fieldsOf(photo)));

const places = (photo) => photo.regions.filter((region) => !region.isSpared);

function fieldsOf(photo) {
  if (photo.isClip) return photo.operator ? [["operator", photo.operator]] : [];
  const boxes = photo.regions.filter((region) => region.shape !== "brush");
  const fields = boxes.map((region) => [region.isSpared ? "spare" : "box", boxText(region)]);
  fields.push(["find", "false"], ["shape", choice.shape]);
  if (photo.operator) fields.push(["operator", photo.operator]);
  else if (choice.across) fields.push(["across", String(choice.across)]);
  else fields.push(["style", choice.style]);
  const strokes = strokesText(photo.regions);
  if (strokes) fields.push(["strokes", strokes]);
  return fields;
}

/** Return how a place is after hiding: as the check of the result says. */
export function levelAfter(photo, region) {
  const checked = hiddenOf(photo)?.answer.checked;
  if (!checked || region.isSpared || region.shape === "brush") return "unknown";
  return checked.failed.some((box) => isIn(box, region)) ? "risk" : "hidden";
}

/** Return whether the middle of a box is in a place. */
function isIn([x, y, across, down], { box: [left, top, width, height] }) {
  return Math.abs(x + across / 2 - left - width / 2) < width / 2 && Math.abs(y + down / 2 - top - height / 2) < height / 2;
}

/** Return what the panel shows. */
export function hidePanel(app, photo) {
  const hidden = hiddenOf(photo), isEmpty = !photo.isClip && !places(photo).length;
  const said = h("div", { role: "status" }, (hidden && !isEmpty ? wordsOf(photo, hidden) : [toDo(photo)]).map((text) => h("p", {}, text)));
  const start = !hidden && !isEmpty && !photo.isBusy && h("p", {}, button(photo.isClip ? "Hide all faces" : "Hide", () => app.start(), { class: "primary" }));
  if (photo.isClip) return [said, hidden ? downloads(app, photo, hidden) : start, more(app, photo, hidden)].filter(Boolean);
  return [said, hidden && !isEmpty && downloads(app, photo, hidden), start, styles(app, photo), faces(app, photo), more(app, photo, hidden)].filter(Boolean);
}

function toDo(photo) {
  if (photo.isClip) return "Every face in the video is covered with a black box.";
  if (photo.isBusy) return "The result comes in a moment.";
  if (!photo.audit && !photo.regions.length) return "Not hidden yet.";
  if (!photo.regions.length) return "No face was found. Draw a box around what is to be hidden, or paint over it.";
  return places(photo).length ? "Not hidden yet." : "Everything is left as it is. Tick below what is to be hidden.";
}

/** Return what was done, in sentences. */
export function wordsOf(photo, { answer }) {
  const boxes = places(photo).filter((region) => region.shape !== "brush");
  return answer.words.map((text) => (text.startsWith("Checked:") ? checkedWords(photo, answer.checked) : text.replace(/^\d+ places?\b/, counts(boxes) || "$&")));
}

/** Return what the check of the result says, with the names that the places have here. */
function checkedWords(photo, { count, failed, words }) {
  if (!failed.length || photo.isClip) return words;
  const is = photo.operator || choice.across ? "is not hidden well enough" : "is still visible";
  const named = failed.map((box) => {
    const region = photo.regions.find((one) => isIn(box, one));
    return region ? `${nameOf(photo, region)} ${is}.` : `Another face ${is}, ${box[0]} px from the left and ${box[1]} px from the top: draw a box around it.`;
  });
  return `Checked: ${count - failed.length} of ${count} are hidden. ${[...new Set(named)].join(" ")}`;
}

function styles(app, photo) {
  const set = (values) => { Object.assign(choice, values); photo.operator = ""; app.start(); };
  const isCover = !choice.across && !photo.operator;
  const covers = COVERS.map(([style, words]) => switched("radio", words,
    { name: "cover", checked: isCover && choice.style === style }, () => set({ style, across: null })));
  const isBlocks = Boolean(choice.across) && !photo.operator;
  const blocks = switched("radio", "Blocks across the face", { name: "cover", checked: isBlocks }, () => set({ across: ACROSS }));
  const slider = h("input", { type: "range", min: 2, max: 32, value: choice.across ?? ACROSS, "aria-label": "Number of blocks across the face",
    oninput: (event) => { event.target.nextSibling.value = `${event.target.value} blocks`; },
    onchange: (event) => set({ across: Number(event.target.value) }) });
  const own = photo.operator && switched("radio", `Operator ${photo.operator}`, { name: "cover", checked: true }, () => {});
  return h("fieldset", {}, h("legend", {}, "Cover with"), ...covers, blocks, own,
    isBlocks && h("div.row", {}, slider, h("output", {}, `${choice.across} blocks`)),
    isBlocks && h("p.soft", {}, "Blocks still show something of the face; how much is said above. The other covers show nothing."));
}

function faces(app, photo) {
  if (!photo.regions.length) return h("p.row", {}, button("Draw a box", (event) => app.take("box", event), { class: "primary" }), button("Paint", (event) => app.take("brush", event)));
  const rows = photo.regions.map((region) =>
    switched("checkbox", nameOf(photo, region), { checked: !region.isSpared }, (event) => app.spare(region, !event.target.checked)));
  return h("fieldset", {}, h("legend", {}, "Hide"), ...rows);
}

function downloads(app, photo, hidden) {
  const stem = hidden.file.name.replace(/\.\w+$/, "");
  const jpeg = async () => save(await asJpeg(hidden.file.blob, hidden.answer.label), `${stem}.jpg`);
  return h("p.row", {}, button(`Download ${photo.isClip ? "video" : "PNG"}`, () => save(hidden.file.blob, hidden.file.name), { class: "primary", id: "download" }),
    !photo.isClip && button("JPEG", jpeg, { "aria-label": "Download JPEG" }),
    app.photos.length > 1 && button("All as ZIP", () => hideAll(app)));
}

/** Hide the places of every photo, and save all results in one file. */
async function hideAll(app) {
  for (const photo of app.photos) {
    if (photo.isClip || hiddenOf(photo)) continue;
    if (!(await app.prepared(photo)) || !places(photo).length) continue;
    if (!(await hide(app, photo))) return;
  }
  const done = app.photos.filter((photo) => hiddenOf(photo)?.file);
  const names = new Map();
  const files = done.map(({ hidden: { file } }) => {
    const count = names.get(file.name) ?? 0;
    names.set(file.name, count + 1);
    return [count ? file.name.replace(/(\.\w+)$/, `-${count + 1}$1`) : file.name, file.blob];
  });
  save(await zipped(files), "hidden.zip");
  const leftOut = app.photos.filter((photo) => !done.includes(photo)).map((photo) => photo.name);
  app.draw();
  if (leftOut.length) app.say(`Not in the ZIP, because nothing is hidden in them: ${leftOut.join(", ")}.`);
}

function more(app, photo, hidden) {
  const shapes = h("select", { onchange: (event) => { choice.shape = event.target.value; app.start(); } },
    SHAPES.map(([value, words]) => h("option", { value, selected: value === choice.shape }, words)));
  const operator = h("input", { type: "text", value: photo.operator, placeholder: "gaussian:kernel=25,sigma=6",
    onchange: (event) => { photo.operator = event.target.value.trim(); app.start(); } });
  return h("details", {}, h("summary", {}, "More"),
    !photo.isClip && h("label.row", {}, "Outline", shapes), h("label.row", {}, "Operator", operator),
    h("p", {}, button("Report (HTML)", () => app.saveReport())),
    hidden?.answer.command && [h("p.soft", {}, "The same as a command:"), h("code.command", { tabindex: 0 }, hidden.answer.command)]);
}
