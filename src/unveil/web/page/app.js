// The page: photos come in, jobs are done on the one that is shown.

import { forget, goBack, load, photoOf, remember } from "./album.js";
import { fitTo, run, useCopy } from "./asking.js";
import { check, checkPanel } from "./check.js";
import { hide, hidePanel, hiddenOf, levelAfter } from "./hide.js";
import { button, h } from "./html.js";
import { Picture } from "./picture.js";
import { report } from "./report.js";
import { restore, restorePanel, restoredOf } from "./restore.js";
import { save } from "./saving.js";
import { LEAST_PX } from "./shapes.js";
import { drawStrip } from "./strip.js";

const byId = (id) => document.getElementById(id);
const JOBS = {
  check: { run: (photo) => check(app, photo, { drawnOnly: Boolean(photo.audit) }), panel: checkPanel, result: () => null, isDone: isChecked },
  hide: { run: (photo) => hide(app, photo), panel: hidePanel, result: hiddenOf, isDone: hiddenOf },
  restore: { run: (photo) => restore(app, photo), panel: restorePanel, result: restoredOf, isDone: restoredOf },
};
const SOON_MS = 400;
const CONTROLS = "button, input, select, summary";

const app = {
  photos: [], photo: null, job: "check", running: null, trouble: "", start, open, draw, panelOnly, take, spare, chooseRegion, setBox, saveReport, prepared, say, doUnlessDone,
  run: (...asked) => run(app, ...asked), fitTo: (...asked) => fitTo(app, ...asked),
};
const picture = new Picture(
  { view: byId("view"), layers: byId("layers"), before: byId("before"), after: byId("after"), marks: byId("marks"), zoom: byId("zoom") },
  { changed, chosen: draw, erased: erase, say: (words) => { byId("said").textContent = words; } });

/** Take files in; show the first of them. */
function add(files) {
  const photos = [...files].map(photoOf);
  if (!photos.length) return;
  app.photos.push(...photos);
  show(photos[0]);
}

/** Show a photo in the job that is open, and do the job unless it is done. */
async function show(photo) {
  app.running?.abort();
  Object.assign(app, { photo, trouble: "" });
  const hadKeyboard = byId("empty").contains(document.activeElement);
  draw();
  if (hadKeyboard) byId(`tab-${app.job}`).focus({ preventScroll: true });
  if (!photo.isClip && !photo.width) await load(photo, photo.url).catch(() => {});
  if (app.photo !== photo) return;
  setCut(0);
  draw();
  doUnlessDone();
}

function doUnlessDone() {
  const { photo, job } = app;
  if (!photo || photo.error || JOBS[job].isDone(photo)) return;
  if (!photo.isClip || job === "check") start();
}

function isChecked(photo) {
  return photo.audit && photo.regions.every((region) => region.verdict || region.shape === "brush");
}

/** Say what the visitor did that does not work. */
function say(words) {
  app.trouble = words;
  drawTrouble();
}

function drawTrouble() {
  const { photo } = app, words = app.trouble || photo?.error || "", way = !app.trouble && photo?.way;
  byId("error").hidden = !words;
  if (byId("error").textContent !== words) byId("error").textContent = words;
  byId("way").hidden = !way;
  byId("way").replaceChildren(...(way ? [way.words && h("span", {}, way.words), way.label && button(way.label, () => useCopy(app, photo), { class: "primary" })].filter(Boolean) : []));
}

/** Do the job that is open on the photo that is shown. */
async function start() {
  const { photo, job } = app;
  if (!photo) return;
  draw();
  if (job === "check" || photo.isClip || (await prepared(photo))) {
    if (app.photo === photo && app.job === job && (await JOBS[job].run(photo))) setCut(0);
  }
  if (app.photo === photo) draw();
}

/** Find the places of a photo unless they are known; return whether they are. */
async function prepared(photo) {
  return Boolean(photo.audit) || check(app, photo);
}

function open(job) {
  app.job = job;
  if (app.photo?.audit) app.photo.error = ""; // it was of another job
  setCut(0);
  draw();
  byId(`tab-${job}`).focus();
  if (!app.photo?.isClip) doUnlessDone();
}

let soon = 0;

/** Places were changed by hand: what was answered about them is no longer true. */
function changed() {
  const { photo } = app;
  app.running?.abort(); // its answer would be about what was there before
  photo.error = "";
  clearTimeout(soon);
  if (app.job !== "restore") soon = setTimeout(() => { if (app.photo === photo) doUnlessDone(); }, SOON_MS);
}

function spare(region, isSpared) {
  remember(app.photo);
  region.isSpared = isSpared;
  changed();
  draw();
}

function chooseRegion(id) {
  app.photo.chosen = app.photo.chosen === id ? null : id;
  draw();
}

function setBox(region, text) {
  const box = text.split(",").map(Number);
  if (box.length !== 4 || !box.every((one) => Number.isInteger(one) && one >= 0) || Math.min(box[2], box[3]) < LEAST_PX) {
    return say("A box is four whole numbers: left, top, width, height.");
  }
  remember(app.photo);
  region.box = box;
  picture.own(region);
  picture.finish(region, false);
}

/** Take a tool; by the keyboard, begin with it in the middle. event: the press of a button. */
function take(tool, event) {
  picture.take(tool);
  for (const one of document.querySelectorAll("[data-tool]")) one.setAttribute("aria-pressed", one.dataset.tool === tool);
  if (event.detail !== 0) return;
  if (["box", "ellipse"].includes(tool)) picture.add(tool);
  else if (tool === "brush") picture.cross.begin();
}

function saveReport() {
  save(report(app.photos), "unveil-report.html");
}

function draw() {
  const { photo } = app, isPicture = Boolean(photo?.width) && !photo.isClip;
  const result = photo && JOBS[app.job].result(photo);
  byId("empty").hidden = Boolean(photo);
  for (const id of ["view", "tools", "help"]) byId(id).hidden = !isPicture;
  byId("blank").hidden = !photo || isPicture || photo.isClip;
  byId("blank").textContent = photo?.error ? `${photo.name} cannot be shown.` : "The photo appears as soon as it has been read.";
  byId("clip").hidden = !photo?.isClip;
  byId("compare").hidden = !isPicture || app.job === "check";
  byId("compare").classList.toggle("waits", !result?.url);
  if (isPicture) {
    const levels = app.job === "hide" && result ? [(region) => levelAfter(photo, region)] : [];
    byId("view").style.setProperty("--ratio", `${photo.width / photo.height}`);
    picture.show(photo, result?.url, ...levels);
  }
  playClip(photo?.isClip ? result?.url ?? photo.url : "");
  panelOnly();
}

function playClip(url) {
  const clip = byId("clip");
  if ((clip.getAttribute("src") ?? "") === url) return;
  byId("noclip").hidden = true;
  if (url) clip.src = url;
  else clip.removeAttribute("src");
}

/** Draw the panel and the strip: the picture stays as it is. */
function panelOnly() {
  for (const job of Object.keys(JOBS)) {
    const tab = byId(`tab-${job}`);
    tab.setAttribute("aria-selected", job === app.job);
    tab.tabIndex = job === app.job ? 0 : -1;
  }
  const panel = byId("job"), focused = panel.contains(document.activeElement) ? keyOf(document.activeElement) : null;
  const isOpen = panel.querySelector("details")?.open;
  panel.setAttribute("aria-labelledby", `tab-${app.job}`);
  panel.replaceChildren(...(app.photo ? panelOf(app.photo) : welcome()));
  if (isOpen) panel.querySelector("details")?.setAttribute("open", "");
  if (focused) ([...panel.querySelectorAll(CONTROLS)].find((one) => keyOf(one) === focused) ?? panel).focus({ preventScroll: true });
  drawTrouble();
  drawStrip(byId("strip"), app, show, clear);
}

function panelOf(photo) {
  const copied = photo.copied && h("p.soft", {}, photo.copied);
  const isRefused = photo.error && !photo.audit; // there is nothing to work on
  const parts = isRefused ? [h("p", {}, button("Try again", start))] : JOBS[app.job].panel(app, photo);
  return [copied, ...parts].filter(Boolean);
}

/** Return what a control is called: by its place, another may stand there when it is drawn again. */
function keyOf(control) {
  const said = control.getAttribute("aria-label") ?? control.closest("label")?.textContent ?? control.textContent;
  return `${control.tagName} ${control.id} ${said}`;
}

function welcome() {
  return [
    h("p", {}, h("strong", {}, "Check"), " tells how likely a machine is to name each face, hidden or not."),
    h("p", {}, h("strong", {}, "Hide"), " covers faces so that nothing of them is left, and checks the result."),
    h("p", {}, h("strong", {}, "Restore"), " shows what a blur or a mosaic still gives away."),
  ];
}

function clear() {
  app.running?.abort();
  app.photos.forEach(forget);
  Object.assign(app, { photos: [], photo: null, job: "check", trouble: "" });
  draw();
  byId("empty").querySelector("button").focus();
}

function setCut(value) {
  byId("cut").value = value;
  byId("cut").setAttribute("aria-valuetext", value === 0 ? "result" : value === 100 ? "before" : `${100 - value} % result`);
  byId("after").style.setProperty("--cut", `${value}%`);
}

async function sample() {
  const blob = await (await fetch("/sample.jpg")).blob();
  add([new File([blob], "sample.jpg", { type: "image/jpeg" })]);
}

/** Take the last change back; what is just being painted is part of it. */
function undo() {
  picture.cross.end();
  if (!app.photo || !goBack(app.photo)) return;
  changed();
  draw();
}

/** Take the chosen place away; a face that was found is left as it is instead. */
function erase() {
  const region = app.photo?.regions.find((one) => one.id === app.photo.chosen);
  if (region?.isFound) spare(region, true);
  else if (region) picture.erase();
}

function wire() {
  for (const one of document.querySelectorAll(".choose")) one.addEventListener("click", () => byId("files").click());
  byId("files").addEventListener("change", (event) => { add(event.target.files); event.target.value = ""; });
  byId("cut").addEventListener("input", (event) => setCut(Number(event.target.value)));
  const pressed = { sample, erase, undo, cancel: () => app.running?.abort(), in: () => picture.zoomBy(1.5), out: () => picture.zoomBy(1 / 1.5), fit: () => picture.fit() };
  for (const [id, does] of Object.entries(pressed)) byId(id).addEventListener("click", () => does());
  byId("clip").addEventListener("error", () => { byId("noclip").hidden = !byId("clip").getAttribute("src"); });
  for (const one of document.querySelectorAll("[data-tool]")) one.addEventListener("click", (event) => take(one.dataset.tool, event));
  wireTabs();
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "z" && app.photo && event.target.type !== "text") undo();
  });
  document.addEventListener("dragover", (event) => { event.preventDefault(); byId("empty").classList.add("over"); });
  document.addEventListener("dragleave", () => byId("empty").classList.remove("over"));
  document.addEventListener("drop", (event) => { event.preventDefault(); byId("empty").classList.remove("over"); add(event.dataTransfer.files); });
  document.addEventListener("paste", (event) => add(event.clipboardData.files));
}

function wireTabs() {
  const tabs = Object.keys(JOBS);
  for (const job of tabs) byId(`tab-${job}`).addEventListener("click", () => open(job));
  document.querySelector('[role="tablist"]').addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) open(tabs[(tabs.indexOf(app.job) + step + tabs.length) % tabs.length]);
  });
}

wire();
draw();
