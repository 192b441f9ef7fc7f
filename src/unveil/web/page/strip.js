// The strip of photos: a small picture of each, and what was done with it.

import { levelOf } from "./album.js";
import { button, h } from "./html.js";
import { hiddenOf } from "./hide.js";
import { restoredOf } from "./restore.js";

/** Return what was done with a photo: pairs of a level and words, the last one of the job first. */
export function statesOf(photo, job) {
  if (photo.isBusy) return [["", "working"]];
  if (photo.error) return [["risk", "error"]];
  const hidden = hiddenOf(photo), passes = hidden?.answer.checked?.passes;
  const risky = (photo.isClip ? photo.audit?.regions ?? [] : photo.regions.map((region) => ({ level: levelOf(region) })))
    .filter(({ level }) => level === "risk").length;
  const states = {
    hide: hidden && (passes === false ? ["risk", "look again"] : ["hidden", "hidden"]),
    restore: restoredOf(photo)?.file && ["", "restored"],
    check: photo.audit && (risky ? ["risk", `${risky} at risk`] : ["", "checked"]),
  };
  const known = [states[job], ...Object.values(states)].filter(Boolean);
  return known.length ? [...new Map(known.map((state) => [state[1], state])).values()] : [["", "unchecked"]];
}

/** Draw the strip; the photo that had the keyboard keeps it. */
export function drawStrip(strip, { photos, photo: shown, job }, show, clear) {
  const buttons = () => [...strip.querySelectorAll("button")];
  const focused = buttons().indexOf(document.activeElement);
  strip.hidden = photos.length < 2;
  strip.replaceChildren(...photos.map((photo, index) => {
    const states = statesOf(photo, job), [level, words] = states[0];
    const said = `Photo ${index + 1} of ${photos.length}: ${photo.name}, ${states.map((state) => state[1]).join(", ")}`;
    const none = h("span.none", {}, photo.isClip ? "video" : "photo");
    const picture = photo.isClip ? none : h("img", { src: photo.shown ?? photo.url, alt: "", onerror: (event) => event.target.replaceWith(none) });
    return h("li", {}, h("button", { type: "button", onclick: () => show(photo), "aria-current": photo === shown, "aria-label": said, title: photo.name },
      picture, h(`span.state.${level || "plain"}`, { "aria-hidden": "true" }, words)));
  }), h("li", {}, button("Clear all", clear)));
  if (focused >= 0) buttons()[focused]?.focus({ preventScroll: true });
}
