// The photos of this visit: what is known of each, and the places on it.

let last = 0;

const CLIPS = /\.(mp4|m4v|mov|mkv|webm)$/i; // browsers know no type of some
const LEVELS = [["risk", "at risk"], ["hidden", "well hidden"], ["unknown", "not known"]];

/** Return what a visitor says of what hides a photo or a place, before one does: kind, strength, operator. */
const nothing = () => ({ kind: "", px: 0, text: "" });

/** Return what is known of a file that was chosen. */
export function photoOf(file) {
  return {
    file, name: file.name || "pasted.png", url: URL.createObjectURL(file),
    isClip: file.type.startsWith("video/") || CLIPS.test(file.name), width: 0, height: 0,
    regions: [], chosen: null, past: [], audit: null, hidden: null, restored: null,
    isBusy: false, error: "", way: null, copied: "", operator: "", stated: nothing(),
  };
}

/** Take over the size of an image, once it can be shown. */
export async function load(photo, url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  Object.assign(photo, { shown: url, width: image.naturalWidth, height: image.naturalHeight });
}

/** Free what a photo holds. */
export function forget(photo) {
  for (const held of [photo, photo.hidden, photo.restored]) if (held?.url) URL.revokeObjectURL(held.url);
}

/** Return a place on a photo: a box, an ellipse in it, or a stroke of the brush. */
export function place(shape, box, more = {}) {
  return { id: ++last, shape, box, points: [], radius: 0, verdict: null, isSpared: false, isFound: false, stated: nothing(), ...more };
}

/** Take over the verdicts of an audit; places that were drawn stay, after those that were found. */
export function takeVerdicts(photo, regions) {
  const drawn = photo.regions.filter((region) => !region.isFound);
  const before = new Map(photo.regions.filter((region) => region.isFound).map((region) => [String(region.box), region]));
  const found = [];
  for (const verdict of inRows(regions)) {
    const own = drawn.find((region) => boxText(region) === String(verdict.box));
    const known = before.get(String(verdict.box));
    if (own) own.verdict = verdict;
    else found.push(known ? Object.assign(known, { verdict }) : place("box", verdict.box, { verdict, isFound: true }));
  }
  photo.regions = [...found, ...drawn];
}

/** Return verdicts as one reads: rows from above, each from the left. */
function inRows(verdicts) {
  const heights = verdicts.map(({ box }) => box[3]).sort((one, other) => one - other);
  const tall = heights[heights.length >> 1] || 1;
  const key = ({ box: [left, top, , height] }) => [Math.round((top + height / 2) / tall), left];
  return [...verdicts].sort((one, other) => key(one)[0] - key(other)[0] || key(one)[1] - key(other)[1]);
}

/** Remember the places as they are, before they change. */
export function remember(photo) {
  photo.past.push(JSON.stringify({ regions: photo.regions, chosen: photo.chosen }));
  if (photo.past.length > 100) photo.past.shift();
}

/** Go back by one change; return whether there was one. */
export function goBack(photo) {
  if (!photo.past.length) return false;
  Object.assign(photo, JSON.parse(photo.past.pop()));
  return true;
}

/** Return the chosen place of a photo. */
export const chosenOf = (photo) => photo.regions.find((region) => region.id === photo.chosen) ?? null;

/** Return left, top, width, height as whole numbers. */
export const rounded = (box) => box.map(Math.round);

/** Return the box of a place as a field's text. */
export const boxText = (region) => rounded(region.box).join(",");

/** Return what a place is called, as after "the"; drawn ones are the visitor's own. */
export function kindOf(region) {
  if (region.shape === "brush") return "painted part";
  if (!region.isFound) return "place of yours";
  return region.verdict.is_face ? "face" : "hidden part";
}

/** Return the name of a place, as it starts a sentence. */
export function nameOf(photo, region) {
  const number = photo.regions.indexOf(region) + 1, kind = kindOf(region);
  return kind === "place of yours" ? `Your place ${number}` : `${kind[0].toUpperCase()}${kind.slice(1)} ${number}`;
}

/** Return the same within a sentence. */
export const within = (photo, region) => { const name = nameOf(photo, region); return name[0].toLowerCase() + name.slice(1); };

/** Return the verdict on a place in a few words; whether a face is there, only its finder knows. */
export function headlineOf(region) {
  const { verdict } = region;
  if (region.shape === "brush") return "Painted: only boxes and ellipses are checked";
  if (!verdict) return "Not checked yet";
  if (region.isFound || verdict.percent == null) return verdict.headline;
  return `A face here would be ${verdict.headline[0].toLowerCase()}${verdict.headline.slice(1)}`;
}

/** Return what screen readers say of a place. */
export function spoken(photo, region) {
  const how = region.verdict ? ` ${region.verdict.how}.` : "";
  return `${nameOf(photo, region)}: ${headlineOf(region)}.${how}${region.isSpared ? " Left as it is." : ""}`;
}

/** Return numbers of things in words: "8 faces and 1 hidden part". */
export function counts(regions) {
  const many = (kind, count) => (count === 1 ? kind : kind.replace(/^\w+( part)?/, (noun) => `${noun}s`));
  const said = ["face", "hidden part", "place of yours", "painted part"].map((kind) => {
    const count = regions.filter((region) => kindOf(region) === kind).length;
    return count && `${count} ${many(kind, count)}`;
  }).filter(Boolean);
  return said.length < 2 ? said.join("") : `${said.slice(0, -1).join(", ")} and ${said.at(-1)}`;
}

/** Return in a sentence what was found on a photo, what was drawn, and how safe all of it is. */
export function summary(photo) {
  const found = photo.regions.filter((region) => region.isFound);
  const own = photo.regions.filter((region) => !region.isFound);
  const nothing = photo.audit.regions.length ? "No face and no hidden part found" : photo.audit.words.join(" ").replace(/\.$/, "");
  const said = found.length ? `${counts(found)} found` : nothing;
  const more = own.length ? `, and ${counts(own)}` : "";
  const risks = LEVELS.map(([level, words]) => [photo.regions.filter((region) => levelOf(region) === level).length, words]);
  const levels = risks.filter(([count]) => count).map(([count, words]) => `${count} ${words}`).join(", ");
  return `${said}${more}${levels ? `; ${levels}` : ""}.`;
}

/** Return how safe a place is as it is. */
export const levelOf = (region) => region.verdict?.level ?? "unknown";

/** Return the strokes of the brush as a field's text. */
export function strokesText(regions) {
  return regions.filter((region) => !region.isSpared).map(strokeText).join("");
}

function strokeText(region) {
  if (region.shape !== "brush") return "";
  const points = region.points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`);
  return `${region.radius.toFixed(1)}:${points.join(" ")};`;
}
