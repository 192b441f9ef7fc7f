// The brush, by the keyboard: a cross-hair that arrow keys move, and Space paints with.

import { place } from "./album.js";
import { svg } from "./chart.js";
import { around, clamped } from "./shapes.js";

const STEP_PX = 8, FINE_PX = 1, EDGE_PX = 40, ARM_PX = 14;
export const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class CrossHair {
  /** picture: that is painted on. say: tells screen readers. */
  constructor(picture, say) {
    Object.assign(this, { picture, say, at: null, stroke: null });
  }

  /** Begin in the middle of what is seen. */
  begin() {
    const { view, photo } = this.picture, [x, y] = this.picture.onPhoto(view.clientWidth / 2, view.clientHeight / 2);
    this.at = [clamped(x, 0, photo.width), clamped(y, 0, photo.height)];
    view.focus({ preventScroll: true });
    this.picture.draw();
    this.say("Cross-hair in the middle. Arrow keys move it, Space starts and stops painting, Escape ends.");
  }

  /** End; what was being painted is kept. */
  end() {
    if (!this.at) return;
    this.lift();
    this.at = null;
    this.picture.draw();
  }

  /** Heed a key; return whether it was one of these. */
  key(event) {
    const step = ARROWS[event.key];
    if (!step && ![" ", "Enter", "Escape"].includes(event.key)) return false;
    if (event.key === "Escape") this.end();
    else if (!this.at) this.begin();
    else if (step) this.move(step, event.ctrlKey ? FINE_PX : STEP_PX);
    else if (this.stroke) this.lift();
    else this.lower();
    return true;
  }

  move([x, y], px) {
    const { photo, scale } = this.picture;
    this.at = [clamped(this.at[0] + (x * px) / scale, 0, photo.width), clamped(this.at[1] + (y * px) / scale, 0, photo.height)];
    if (this.stroke) {
      this.stroke.points.push(this.at);
      this.stroke.box = around([this.stroke]);
    }
    this.follow();
    this.picture.draw();
  }

  lower() {
    const { picture } = this;
    this.stroke = place("brush", [...this.at, 0, 0], { points: [this.at], radius: picture.radius() });
    this.stroke.box = around([this.stroke]);
    picture.begin(this.stroke, {});
    picture.drag = null;
    picture.draw();
    this.say("Painting.");
  }

  lift() {
    if (!this.stroke) return;
    const stroke = this.stroke;
    this.stroke = null;
    this.picture.finish(stroke, true);
    this.say("Painted.");
  }

  /** Move the picture so that the cross-hair stays in view. */
  follow() {
    const { view, at, scale } = this.picture;
    const over = [view.clientWidth, view.clientHeight].map((size, axis) => {
      const there = at[axis] + scale * this.at[axis];
      return clamped(there, EDGE_PX, size - EDGE_PX) - there;
    });
    if (over[0] || over[1]) this.picture.pan(...over);
  }

  /** Return what is drawn of it. */
  drawn() {
    if (!this.at) return [];
    const arm = ARM_PX / this.picture.scale, [x, y] = this.at, radius = this.picture.radius();
    const lines = `M${x - arm},${y}H${x + arm}M${x},${y - arm}V${y + arm}`;
    return ["cross-ground", "cross"].map((name) => svg("g", { class: name, "aria-hidden": "true" },
      svg("path", { d: lines }), svg("circle", { cx: x, cy: y, r: radius })));
  }
}
