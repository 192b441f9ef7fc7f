// The job Check: a verdict on each face, each hidden part and each place that was drawn.

import { boxText, chosenOf, headlineOf, levelOf, spoken, summary, takeVerdicts } from "./album.js";
import { drawCurve, ofCurve } from "./chart.js";
import { button, h } from "./html.js";

const BARE = "There is no curve to show: nothing is blurred here, so a machine names it as often as in a clear photo.";

/** Ask for the verdicts on a photo, on all of it or on places that were drawn alone. */
export async function check(app, photo, { drawnOnly = false } = {}) {
  const drawn = photo.regions.filter((region) => !region.isFound && region.shape !== "brush");
  if (drawnOnly && !drawn.length) return true;
  const fields = drawn.map((region) => ["box", boxText(region)]);
  if (drawnOnly) fields.push(["find", "false"]);
  const answer = await app.run("audit", photo, fields);
  if (!answer) return false;
  if (photo.isClip || !drawnOnly) photo.audit = answer;
  if (photo.isClip) return true;
  if (drawnOnly) judgeDrawn(drawn, answer.regions);
  else {
    takeVerdicts(photo, answer.regions);
    await app.fitTo(photo, answer);
  }
  return true;
}

function judgeDrawn(drawn, verdicts) {
  for (const region of drawn) {
    region.verdict = verdicts.find((verdict) => String(verdict.box) === boxText(region)) ?? region.verdict;
  }
}

/** Return what the panel shows. */
export function checkPanel(app, photo) {
  if (!photo.audit) {
    if (photo.isBusy) return [h("p.soft", {}, "Being checked.")];
    return [h("p.soft", {}, "Not checked yet."), h("p", {}, button("Check", () => app.start(), { class: "primary" }))];
  }
  if (photo.isClip) return [h("p", { role: "status" }, photo.audit.words.join(" ")), clipRows(photo.audit.regions)];
  const words = h("p", { role: "status" }, summary(photo));
  if (!photo.regions.length) {
    return [words, h("p.soft", {}, "If there is a face, or something else to hide, draw a box around it: it is checked at once."),
      h("p", {}, button("Draw a box", (event) => app.take("box", event), { class: "primary" })), more(app, photo)];
  }
  const unseen = photo.audit.words.slice(1).map((text) => h("p.soft", {}, text));
  return [words, ...unseen, h("ul.places", {}, photo.regions.map((region) => card(app, photo, region))),
    h("p", {}, button("Hide all of these", () => app.open("hide"), { class: "primary" })), more(app, photo)];
}

function card(app, photo, region) {
  const { verdict } = region, isChosen = region.id === photo.chosen, isOwn = !region.isFound && region.shape !== "brush";
  const lines = [h("strong.title", {}, headlineOf(region)),
    (isOwn || verdict || region.isSpared) && h("p", {}, [isOwn && "Your place.", verdict && `${verdict.how}.`, region.isSpared && "Left as it is when hiding."].filter(Boolean).join(" "))];
  const pressed = () => app.chooseRegion(region.id);
  const face = h("button", { type: "button", onclick: pressed, "aria-expanded": isChosen, "aria-label": spoken(photo, region) }, ...lines);
  const number = photo.regions.indexOf(region) + 1;
  return h(`li.${levelOf(region)}${isChosen ? ".chosen" : ""}`, {},
    h("div.place", {}, h("span.badge", { "aria-hidden": "true" }, `${number}`), face), isChosen && verdict ? details(region) : null);
}

/** Return what is shown of a place that is chosen: what would hide it, and where it is on its curve. */
function details({ verdict }) {
  const reason = verdict.percent == null && verdict.verdict;
  return [
    (reason || verdict.advice) && h("p.soft", {}, [reason, verdict.advice].filter(Boolean).join(" ")),
    verdict.curve && drawCurve(verdict.curve, verdict.risk),
    verdict.curve && h("p.soft", {}, ofCurve(verdict.curve)),
    !verdict.curve && verdict.is_clean && h("p.soft", {}, BARE),
  ];
}

function clipRows(rows) {
  return h("ul.places", {}, rows.map((row) => h(`li.${row.level}`, {},
    h("div.place", {}, h("span.badge", {}, `${row.seconds.toFixed(0)} s`), h("div", {}, h("strong.title", {}, row.headline), h("p", {}, `${row.how}.`))))));
}

function more(app, photo) {
  const region = chosenOf(photo);
  return h("details", {}, h("summary", {}, "More"),
    h("p", {}, button("Report (HTML)", () => app.saveReport())),
    region?.verdict && h("p.soft", {}, region.verdict.verdict),
    region && boxField(app, region),
    photo.audit.command && [h("p.soft", {}, "The same as a command:"), h("code.command", { tabindex: 0 }, photo.audit.command)]);
}

/** Return a field with the numbers of a box. */
export function boxField(app, region) {
  if (region.shape === "brush") return null;
  const changed = (event) => app.setBox(region, event.target.value);
  return h("label.row", {}, "Left, top, width, height", h("input", { type: "text", inputmode: "numeric", value: boxText(region), onchange: changed }));
}
