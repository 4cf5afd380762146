// Neighbouring segments of one label, as one range each, along the video's whole length.

import { byId, make, rove } from "./dom.js";
import { clock, percent } from "./words.js";

/** @typedef {import("./types").Range} Range */

const HUES = 8;

export class Ranges {
  #list = byId("ranges");
  #cursor = byId("ranges-cursor");
  #duration = 0;

  /** @param {(seconds: number) => void} seek */
  constructor(seek) {
    this.#list.addEventListener("click", (event) => {
      const range = /** @type {Element} */ (event.target).closest("li");
      if (range) seek(Number(range.dataset.start));
    });
    rove(this.#list);
  }

  clear() {
    this.#list.replaceChildren();
    byId("ranges-area").hidden = true;
    this.#cursor.hidden = true;
  }

  /** @param {Range[]} ranges @param {number} duration seconds */
  show(ranges, duration) {
    this.#duration = duration;
    const end = duration || 1;
    this.#list.replaceChildren(...ranges.map((range, place) => draw(range, end, place === 0)));
    byId("ranges-area").hidden = ranges.length === 0;
    byId("ranges-end").textContent = clock(duration);
  }

  /** @param {number} seconds */
  moveTo(seconds) {
    this.#cursor.hidden = this.#duration === 0 || !this.#list.firstChild;
    this.#cursor.style.left = `${100 * Math.min(seconds / (this.#duration || 1), 1)}%`;
  }
}

/** @param {Range} range @param {number} duration @param {boolean} isFirst */
function draw(range, duration, isFirst) {
  const words = range.label ?? "unknown";
  const span = `${clock(range.start_seconds)} to ${clock(range.end_seconds)}`;
  const one = make("button", {
    type: "button",
    className: range.index === null ? "unknown" : `hue-${range.index % HUES}`,
    text: words,
    title: `${words}, ${percent(range.score)}, ${span}`,
    "aria-label": `${span}: ${words}, ${percent(range.score)}`,
    tabindex: isFirst ? "0" : "-1",
  });
  const item = make("li", {}, one);
  item.dataset.start = String(range.start_seconds);
  item.style.left = `${(100 * range.start_seconds) / duration}%`;
  item.style.width = `${(100 * (range.end_seconds - range.start_seconds)) / duration}%`;
  return item;
}
