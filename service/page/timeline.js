// The segments in order of time: a picture of each, what was chosen in it, and the cursor.

import { byId, make, rove } from "./dom.js";
import { Thumbnails } from "./thumbnails.js";
import { clock, count, modality, percent } from "./words.js";

/** @typedef {import("./types").Segment} Segment */

// Of one frame; all of a long video at once would keep the browser from answering.
const COLUMNS_A_FRAME = 24;
const MARKS = { selected: "✓", skipped: "–", unavailable: "none" };

export class Timeline {
  #strip = byId("strip");
  #columns = /** @type {HTMLOListElement} */ (byId("columns"));
  #heads = byId("heads");
  #cursor = byId("cursor");
  #thumbnails;
  #seek;
  /** @type {Segment[]} */
  #segments = [];
  /** @type {Segment[]} */
  #waiting = [];
  /** @type {Element | null} */
  #current = null;
  #frame = 0;

  /** @param {(seconds: number) => void} seek */
  constructor(seek) {
    this.#seek = seek;
    this.#thumbnails = new Thumbnails(this.#strip);
    this.#columns.addEventListener("click", (event) => this.#clicked(event));
    rove(this.#columns);
  }

  /** Empty, for another answer; the video's pictures are kept. */
  clear() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#segments = [];
    this.#waiting = [];
    this.#current = null;
    this.#columns.replaceChildren();
    this.#heads.replaceChildren();
    this.#cursor.hidden = true;
    byId("timeline").hidden = true;
    byId("timeline-note").textContent = "";
    this.#strip.scrollLeft = 0;
  }

  /** @param {string | null} address of the video that pictures are taken from */
  open(address) {
    this.#thumbnails.open(address);
  }

  /** Drawn with the next frame, however many come until then. @param {Segment} segment */
  add(segment) {
    this.#waiting.push(segment);
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  /** What is there already, as it came segment by segment, stays. @param {Segment[]} segments */
  show(segments) {
    const there = [...this.#segments, ...this.#waiting];
    const isThere = there.length === segments.length && there.every(same(segments));
    if (isThere) return;
    this.clear();
    this.#waiting = [...segments];
    this.#draw();
  }

  #draw() {
    this.#frame = 0;
    const first = this.#segments.length === 0 ? this.#waiting[0] : undefined;
    if (first) this.#drawHeads(first);
    const next = this.#waiting.splice(0, COLUMNS_A_FRAME);
    const columns = next.map((segment) => this.#column(segment));
    this.#segments.push(...next);
    if (this.#waiting.length > 0) this.#frame = requestAnimationFrame(() => this.#draw());
    byId("timeline").hidden = this.#segments.length === 0;
    this.#columns.append(...columns);
    byId("timeline-note").textContent = this.#summary();
  }

  #summary() {
    if (this.#segments.length === 0) return "";
    const parts = Object.keys(this.#segments[0]?.modalities ?? {}).map((name) => {
      const chosen = this.#segments.filter((one) => one.modalities[name]?.decision === "selected");
      return `${modality(name)} in ${chosen.length}`;
    });
    return `${count(this.#segments.length, "segment")}: ${parts.join(", ")}`;
  }

  /** @param {Segment} segment */
  #drawHeads(segment) {
    const names = Object.keys(segment.modalities).map((name) =>
      make("span", { className: "head", text: modality(name) }),
    );
    this.#heads.replaceChildren(
      make("span", { className: "head picture" }),
      ...names,
      make("span", { className: "head last", text: "Label" }),
    );
  }

  /** @param {Segment} segment */
  #column(segment) {
    const box = make("span", { className: "picture" });
    const chips = Object.entries(segment.modalities).map(([name, { decision, probability }]) => {
      const number = probability === null ? "" : ` ${probability.toFixed(2)}`;
      const text = MARKS[decision] + number;
      return make("span", { className: `chip ${decision} ${name}`, text });
    });
    const best = segment.predictions[0];
    const words = best ? best.label : "could not be read";
    const label = make("span", { className: best ? "label" : "label none", text: words });
    const time = make("span", { className: "time", text: clock(segment.start_seconds) });
    // The button lies over what is seen and says it in words, once.
    const face = make("span", { className: "face", "aria-hidden": "true" }, box, ...chips, label, time);
    const column = make("li", {}, face, this.#button(segment));
    const middle = (segment.start_seconds + segment.end_seconds) / 2;
    this.#thumbnails.wish(column, box, middle);
    return column;
  }

  /** @param {Segment} segment */
  #button(segment) {
    const [best] = segment.predictions;
    return make("button", {
      type: "button",
      tabindex: segment.index === 0 ? "0" : "-1",
      "aria-label": describe(segment),
      title: best ? `${best.label}, ${percent(best.score)}` : (segment.reason ?? "could not be read"),
    });
  }

  /** @param {Event} event */
  #clicked(event) {
    const column = /** @type {Element} */ (event.target).closest("li");
    if (!column) return;
    const segment = this.#segments[[...this.#columns.children].indexOf(column)];
    if (segment) this.#seek(segment.start_seconds);
  }

  /** Where the video is; `follows` keeps the cursor in sight. @param {number} seconds @param {boolean} follows */
  moveTo(seconds, follows) {
    const at = this.#indexAt(seconds);
    const column = /** @type {HTMLElement | undefined} */ (this.#columns.children[at]);
    this.#cursor.hidden = !column;
    if (!column) return;
    const begin = this.#segments[at]?.start_seconds ?? 0;
    const end = this.#segments[at + 1]?.start_seconds ?? this.#segments[at]?.end_seconds ?? begin;
    const share = end > begin ? Math.min(Math.max((seconds - begin) / (end - begin), 0), 1) : 0;
    const x = column.offsetLeft + share * column.offsetWidth;
    this.#cursor.style.transform = `translateX(${x}px)`;
    if (this.#current !== column) {
      this.#current?.classList.remove("current");
      column.classList.add("current");
      this.#current = column;
    }
    if (follows) this.#keepInSight(x);
  }

  /** @param {number} x */
  #keepInSight(x) {
    const { scrollLeft, clientWidth } = this.#strip;
    const margin = this.#heads.offsetWidth;
    if (x < scrollLeft + margin || x > scrollLeft + clientWidth - 24) {
      this.#strip.scrollLeft = x - margin - 24;
    }
  }

  /** The last segment that has begun. @param {number} seconds */
  #indexAt(seconds) {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#segments[middle]?.start_seconds ?? 0) <= seconds + 1e-3) low = middle + 1;
      else high = middle;
    }
    return Math.max(low - 1, 0);
  }
}

/**
 * Whether those that came as lines are those of the answer, to all that is shown of them.
 * @param {Segment[]} segments
 */
function same(segments) {
  return (/** @type {Segment} */ one, /** @type {number} */ place) => {
    const other = segments[place];
    return other !== undefined && other.start_seconds === one.start_seconds && describe(other) === describe(one);
  };
}

/** @param {Segment} segment */
function describe(segment) {
  const chosen = Object.entries(segment.modalities).map(([name, { decision, probability }]) => {
    const number = probability === null ? "" : `, p ${probability.toFixed(2)}`;
    return `${modality(name)} ${decision}${number}`;
  });
  const best = segment.predictions[0];
  const label = best ? `${best.label} ${percent(best.score)}` : (segment.reason ?? "no label");
  const times = `${clock(segment.start_seconds)} to ${clock(segment.end_seconds)}`;
  return `Segment ${segment.index + 1}, ${times}: ${label}. ${chosen.join("; ")}.`;
}
