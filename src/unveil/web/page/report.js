// The report on all photos, as one HTML file.

import { headlineOf, nameOf, rounded, summary } from "./album.js";
import { hiddenOf, levelAfter, wordsOf as hidingWords } from "./hide.js";
import { restoredOf } from "./restore.js";

const STYLE = `body{font:1rem/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse}
td,th{border:1px solid #bbb;padding:.3rem .5rem;text-align:left;vertical-align:top}`;

const AFTER = { risk: "Not hidden well enough", hidden: "Hidden, and checked", unknown: "Covered, not checked" };

const escape = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt()};`);
const paragraph = (words) => (words ? `<p>${escape(words)}</p>` : "");

/** Return the report on photos: what was found and drawn on each, and what was done. */
export function report(photos) {
  return new Blob([`<!doctype html><html lang="en"><meta charset="utf-8"><title>unveil: report</title>
<style>${STYLE}</style>
<h1>unveil: how much is hidden</h1>\n${photos.map(section).join("\n")}</html>`], { type: "text/html" });
}

function section(photo) {
  const hidden = hiddenOf(photo), restored = restoredOf(photo), words = !photo.audit ? photo.error || "Not checked." : photo.isClip ? photo.audit.words.join(" ") : summary(photo);
  return `<h2>${escape(photo.name)}</h2>
${paragraph(photo.copied)}${paragraph(words)}
${paragraph(hidden && `Hidden: ${hidingWords(photo, hidden).join(" ")}`)}${paragraph(restored && `Restored: ${restored.answer.words.join(" ")}`)}
${photo.isClip ? clipTable(photo.audit?.regions ?? []) : placeTable(photo, hidden)}
${[["check", photo.audit], ["hide", hidden?.answer], ["restore", restored?.answer]].map(([verb, answer]) => command(verb, answer)).join("")}`;
}

function command(verb, answer) {
  return answer?.command ? `<p>A command to ${verb}: <code>${escape(answer.command)}</code></p>` : "";
}

function placeTable(photo, hidden) {
  const heads = ["Place", "Left, top, width, height", "Risk as it was", "Hidden by", "Verdict"];
  if (hidden) heads.push("After hiding");
  return table(heads, photo.regions.map((region) => {
    const cells = [nameOf(photo, region), rounded(region.box).join(", "), headlineOf(region), region.verdict?.how ?? "", region.verdict?.verdict ?? ""];
    return hidden ? [...cells, region.isSpared ? "Left open" : AFTER[levelAfter(photo, region)]] : cells;
  }));
}

function clipTable(rows) {
  return table(["Second", "Left, top, width, height", "Risk", "Hidden by", "Verdict"], rows.map((row) =>
    [row.seconds, row.box.join(", "), row.headline, row.how, row.verdict]));
}

function table(heads, rows) {
  if (!rows.length) return "";
  const cells = (name, values) => values.map((value) => `<${name}>${escape(value)}`).join("");
  return `<table><tr>${cells("th", heads)}\n${rows.map((row) => `<tr>${cells("td", row)}`).join("\n")}</table>`;
}
