// The picture: zoomed and moved, with places drawn over it that can be chosen and changed.

import { levelOf, place, remember, rounded, spoken } from "./album.js";
import { ARROWS, CrossHair } from "./brush.js";
import { svg } from "./chart.js";
import { CORNERS, LEAST_PX, around, clamped, handles, inside, moved, outline, tag } from "./shapes.js";

const HANDLE_PX = 12, NEAR = 2, MOST_ZOOM = 16, LEAST_ZOOM = 0.02;
const PAN_PX = 40, MARGIN_PX = 40;
const MOVES = "Picture; arrow keys move it", PAINTS = "Picture; arrow keys move the cross-hair, Space starts and stops painting";

export class Picture {
  /** elements: by name, of the page. changed: called when places were; chosen: when one was;
   * erased: when the chosen one is to go; say: tells screen readers. */
  constructor({ view, layers, before, after, marks, zoom }, { changed, chosen, erased, say }) {
    Object.assign(this, { view, layers, before, after, marks, zoomed: zoom, changed, chosen, erased });
    this.photo = null;
    this.tool = "choose";
    this.scale = 1;
    this.at = [0, 0];
    this.pointers = new Map();
    this.cross = new CrossHair(this, say);
    view.addEventListener("pointerdown", (event) => this.down(event));
    // Else the place below the pointer has the keyboard, and is chosen.
    view.addEventListener("mousedown", (event) => this.tool !== "choose" && event.preventDefault());
    view.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) view.addEventListener(name, (event) => this.up(event));
    view.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    marks.addEventListener("keydown", (event) => this.key(event));
    view.addEventListener("keydown", (event) => this.viewKey(event));
    view.addEventListener("blur", () => this.cross.end());
    marks.addEventListener("focusin", (event) => this.focused(event));
    new ResizeObserver(() => this.photo && (this.isFit ? this.fit() : this.place())).observe(view);
  }

  /** Take a tool: choose, box, ellipse or brush. */
  take(tool) {
    this.cross.end();
    this.tool = tool;
    this.view.setAttribute("aria-label", tool === "brush" ? PAINTS : MOVES);
  }

  /** Show a photo; its image has been loaded. */
  show(photo, result, level = levelOf) {
    this.level = level;
    this.isPlain = Boolean(result);
    const isOther = this.photo !== photo || this.before.src !== photo.shown;
    if (isOther) this.cross.end();
    this.photo = photo;
    if (this.before.src !== photo.shown) this.before.src = photo.shown;
    this.after.hidden = !result;
    if (result) this.after.src = result;
    else this.after.removeAttribute("src");
    for (const image of [this.before, this.after]) {
      image.style.width = `${photo.width}px`;
      image.style.height = `${photo.height}px`;
    }
    this.marks.setAttribute("width", photo.width);
    this.marks.setAttribute("height", photo.height);
    if (isOther) this.fit();
    this.draw();
  }

  fit() {
    const { clientWidth: width, clientHeight: height } = this.view;
    if (!width || !height) return; // it is hidden, and comes back
    this.scale = Math.min(width / this.photo.width, height / this.photo.height, NEAR);
    this.at = [(width - this.scale * this.photo.width) / 2, (height - this.scale * this.photo.height) / 2];
    this.isFit = true;
    this.place();
  }

  /** Zoom by a factor around a point of the view. */
  zoomBy(factor, x = this.view.clientWidth / 2, y = this.view.clientHeight / 2) {
    const scale = clamped(this.scale * factor, LEAST_ZOOM, MOST_ZOOM);
    this.at = [x - ((x - this.at[0]) * scale) / this.scale, y - ((y - this.at[1]) * scale) / this.scale];
    this.scale = scale;
    this.isFit = false;
    this.place();
  }

  place() {
    this.at = [this.kept(0, this.view.clientWidth, this.photo.width), this.kept(1, this.view.clientHeight, this.photo.height)];
    this.layers.style.transform = `translate(${this.at[0]}px, ${this.at[1]}px) scale(${this.scale})`;
    this.layers.classList.toggle("near", this.scale >= NEAR);
    this.zoomed.value = `${Math.round(100 * this.scale)} %`;
    this.draw();
  }

  /** Return where the picture begins along an axis: it is never moved out of sight. */
  kept(axis, view, size) {
    const room = view - this.scale * size;
    return clamped(this.at[axis], Math.min(room, 0) - MARGIN_PX, Math.max(room, 0) + MARGIN_PX);
  }

  draw() {
    const had = document.activeElement?.closest?.("[data-id]"), index = [...this.marks.children].indexOf(had);
    this.marks.replaceChildren(...this.photo.regions.map((region, at) => this.mark(region, at + 1)), ...this.cross.drawn());
    if (index < 0) return;
    const marks = [...this.marks.querySelectorAll("[data-id]")];
    const next = marks.find((one) => one.dataset.id === had.dataset.id) ?? marks[index] ?? marks.at(-1) ?? this.view;
    this.isSame = next.dataset.id === had.dataset.id; // nobody chose it anew
    next.focus({ preventScroll: true });
    this.isSame = false;
  }

  mark(region, number) {
    const isChosen = region.id === this.photo.chosen;
    const classes = ["region", this.level(region), isChosen && "chosen", region.isSpared && "spared"];
    const percent = this.isPlain ? null : region.verdict?.percent;
    const group = svg("g", {
      class: classes.filter(Boolean).join(" "), "data-id": region.id, tabindex: 0, role: "button",
      "aria-label": spoken(this.photo, region), "aria-pressed": isChosen,
    }, ...outline(region), tag(region, percent == null ? `${number}` : `${number} · ${percent} %`, this.scale));
    if (isChosen && region.shape !== "brush") group.append(...handles(region, HANDLE_PX / this.scale));
    return group;
  }

  /** Return where a point of the view is on the photo. */
  onPhoto(x, y) {
    return [(x - this.at[0]) / this.scale, (y - this.at[1]) / this.scale];
  }

  /** Return where an event is on the photo. */
  point(event) {
    const view = this.view.getBoundingClientRect();
    return this.onPhoto(event.clientX - view.left, event.clientY - view.top);
  }

  down(event) {
    if (event.button > 0) return;
    this.cross.end();
    this.view.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.pointers.size > 1) return this.leaveOff();
    const from = this.point(event), id = Number(event.target.closest("[data-id]")?.dataset.id);
    const region = this.photo.regions.find((one) => one.id === id);
    const corner = event.target.dataset.corner;
    if (this.tool !== "choose") this.view.focus({ preventScroll: true });
    if (this.tool === "brush") this.begin(place("brush", [...from, 0, 0], { points: [from], radius: this.radius() }), { paint: true });
    else if (this.tool !== "choose") this.begin(place(this.tool, [...from, 0, 0]), { from });
    else if (region) this.grab(region, corner, from);
    else this.drag = { pan: true };
  }

  /** A second finger zooms: what the first began to draw goes. */
  leaveOff() {
    if (this.drag?.isNew) {
      this.photo.regions.pop();
      this.photo.past.pop();
      this.photo.chosen = null;
      this.draw();
    }
    this.drag = null;
  }

  radius() {
    return Math.max(12 / this.scale, 2);
  }

  begin(region, drag) {
    remember(this.photo);
    this.photo.regions.push(region);
    this.photo.chosen = region.id;
    this.drag = { ...drag, region, isNew: true };
  }

  grab(region, corner, from) {
    this.choose(region.id);
    this.drag = { region, offset: [from[0] - region.box[0], from[1] - region.box[1]], isStill: true };
    if (corner === undefined) return;
    const [across, down] = CORNERS[corner], [left, top, width, height] = region.box;
    this.drag.from = [left + (1 - across) * width, top + (1 - down) * height];
  }

  choose(id) {
    this.photo.chosen = id;
    this.draw();
    this.chosen();
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    if (this.pointers.size > 1) this.pinch(event.pointerId, before, now);
    else if (this.drag?.pan) this.pan(now[0] - before[0], now[1] - before[1]);
    else if (this.drag) this.change(this.point(event));
    this.pointers.set(event.pointerId, now);
  }

  pan(x, y) {
    this.at = [this.at[0] + x, this.at[1] + y];
    this.isFit = false;
    this.place();
  }

  /** Move the picture by arrow keys, when no place has them, or paint. */
  viewKey(event) {
    if (event.target !== this.view || event.altKey || event.metaKey) return;
    const step = ARROWS[event.key];
    if (this.tool === "brush" ? !this.cross.key(event) : !step) return;
    event.preventDefault();
    if (this.tool !== "brush") this.pan(-PAN_PX * step[0], -PAN_PX * step[1]);
  }

  pinch(id, before, now) {
    const [other] = [...this.pointers].filter(([key]) => key !== id).map(([, point]) => point);
    const apart = ([x, y]) => Math.hypot(x - other[0], y - other[1]);
    const view = this.view.getBoundingClientRect();
    this.zoomBy(apart(now) / Math.max(apart(before), 1), (now[0] + other[0]) / 2 - view.left, (now[1] + other[1]) / 2 - view.top);
  }

  change([x, y]) {
    const { region, from, offset, paint } = this.drag;
    if (this.drag.isStill) remember(this.photo);
    this.drag.isStill = false;
    if (paint) region.points.push([x, y]);
    else if (from) region.box = [Math.min(x, from[0]), Math.min(y, from[1]), Math.abs(x - from[0]), Math.abs(y - from[1])];
    else if (region.shape !== "brush") region.box = moved(region.box, x - offset[0], y - offset[1], this.photo);
    if (paint) region.box = around([region]);
    this.own(region);
    this.draw();
  }

  /** A place that was changed by hand is no longer the one that was judged. */
  own(region) {
    region.verdict = null;
    region.isFound = false;
  }

  up(event) {
    this.pointers.delete(event.pointerId);
    const { drag } = this;
    this.drag = null;
    if (!drag?.region || drag.isStill) return;
    this.finish(drag.region, drag.isNew);
  }

  /** Keep a place inside the photo; drop a new one that is too small. */
  finish(region, isNew) {
    const isSmall = region.shape !== "brush" && Math.min(region.box[2], region.box[3]) < LEAST_PX;
    region.box = region.shape === "brush" ? around([region]) : inside(region.box, this.photo);
    if (isNew && isSmall) {
      this.photo.regions = this.photo.regions.filter((one) => one !== region);
      this.photo.chosen = null;
      this.photo.past.pop();
    } else this.changed();
    this.draw();
    this.chosen();
  }

  /** Add a place in the middle, for the keyboard. */
  add(shape) {
    const side = Math.min(this.photo.width, this.photo.height) / 4;
    const region = place(shape, rounded([(this.photo.width - side) / 2, (this.photo.height - side) / 2, side, side]));
    this.begin(region, {});
    this.drag = null;
    this.finish(region, true);
    this.marks.querySelector(`[data-id="${region.id}"]`).focus();
  }

  erase() {
    const { chosen } = this.photo;
    if (chosen === null) return;
    remember(this.photo);
    this.photo.regions = this.photo.regions.filter((region) => region.id !== chosen);
    this.photo.chosen = null;
    this.changed();
    this.draw();
    this.chosen();
  }

  wheel(event) {
    event.preventDefault();
    const view = this.view.getBoundingClientRect();
    this.zoomBy(Math.exp(-event.deltaY / 400), event.clientX - view.left, event.clientY - view.top);
  }

  focused(event) {
    const id = Number(event.target.closest("[data-id]")?.dataset.id);
    if (id && id !== this.photo.chosen && !this.isSame) this.choose(id);
  }

  key(event) {
    const region = this.photo.regions.find((one) => one.id === Number(event.target.dataset.id));
    const step = ARROWS[event.key];
    if (event.key === "Delete" || event.key === "Backspace") this.erased();
    else if (!region || !step || region.shape === "brush") return;
    else this.nudge(region, step.map((by) => by * (event.ctrlKey ? 1 : 8)), event.shiftKey);
    event.preventDefault();
  }

  /** Move a place, or resize it. */
  nudge(region, [x, y], isResized) {
    remember(this.photo);
    const [left, top, width, height] = region.box;
    region.box = isResized
      ? [left, top, Math.max(width + x, LEAST_PX), Math.max(height + y, LEAST_PX)]
      : moved(region.box, left + x, top + y, this.photo);
    this.own(region);
    this.finish(region, false);
  }
}
