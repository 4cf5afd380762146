// Pictures of segments, taken by the browser from the file itself, of those that are in sight.

import { make } from "./dom.js";

const WIDTH = 208;
const HEIGHT = 120;
// A browser that cannot read a file sometimes says nothing at all.
const PATIENCE_MS = 4000;
const KEPT = 700;

/** @typedef {{ box: HTMLElement, seconds: number }} Wish */

export class Thumbnails {
  #video = document.createElement("video");
  #observer;
  /** @type {WeakMap<Element, Wish>} */
  #wishes = new WeakMap();
  /** @type {Set<Wish>} */
  #queue = new Set();
  /** By time, so that another run of the same video finds them. @type {Map<number, HTMLCanvasElement>} */
  #kept = new Map();
  #isBusy = false;
  #isBroken = true;

  /** @param {HTMLElement} scroller */
  constructor(scroller) {
    this.#video.muted = true;
    this.#video.preload = "auto";
    this.#video.playsInline = true;
    this.#observer = new IntersectionObserver((entries) => this.#seen(entries), {
      root: scroller,
      rootMargin: "0px 300px",
    });
  }

  /** @param {string | null} address */
  open(address) {
    this.#queue.clear();
    this.#kept.clear();
    this.#isBroken = address === null;
    if (address === null) this.#video.removeAttribute("src");
    else this.#video.src = address;
    this.#video.load();
  }

  /** @param {Element} column @param {HTMLElement} box @param {number} seconds */
  wish(column, box, seconds) {
    this.#wishes.set(column, { box, seconds });
    this.#observer.observe(column);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #seen(entries) {
    for (const { target, isIntersecting } of entries) {
      const wish = this.#wishes.get(target);
      if (!wish) continue;
      // What has been scrolled past is not waited for.
      if (isIntersecting && !wish.box.firstChild) this.#queue.add(wish);
      else this.#queue.delete(wish);
    }
    void this.#work();
  }

  async #work() {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (const wish of this.#queue) {
      this.#queue.delete(wish);
      const taken = this.#kept.get(wish.seconds) ?? (await this.#take(wish.seconds));
      // A canvas has one place; where the strip was drawn anew, the old place is gone.
      if (taken) wish.box.replaceChildren(taken);
      else wish.box.replaceChildren(make("span", { className: "absent", text: "no picture" }));
    }
    this.#isBusy = false;
    if (this.#queue.size > 0) void this.#work();
  }

  /** @param {number} seconds */
  async #take(seconds) {
    if (this.#isBroken) return null;
    try {
      await this.#shown(seconds);
    } catch {
      return null;
    }
    const { videoWidth, videoHeight } = this.#video;
    const scale = Math.min(WIDTH / videoWidth, HEIGHT / videoHeight);
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(videoWidth * scale));
    canvas.height = Math.max(1, Math.round(videoHeight * scale));
    canvas.getContext("2d")?.drawImage(this.#video, 0, 0, canvas.width, canvas.height);
    if (this.#kept.size < KEPT) this.#kept.set(seconds, canvas);
    return canvas;
  }

  /** Resolves when that moment of the video can be drawn. @param {number} seconds @returns {Promise<void>} */
  #shown(seconds) {
    const video = this.#video;
    return new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const seek = () => {
        const end = Number.isFinite(video.duration) ? Math.max(0, video.duration - 0.05) : seconds;
        video.addEventListener("seeked", () => resolve(), { once: true, signal });
        video.currentTime = Math.min(seconds, end);
      };
      const fail = () => {
        this.#isBroken ||= video.readyState === 0;
        reject(new Error("no picture"));
      };
      signal.addEventListener("abort", fail);
      video.addEventListener("error", fail, { once: true, signal });
      if (video.readyState >= 1) seek();
      else video.addEventListener("loadedmetadata", seek, { once: true, signal });
    });
  }
}
