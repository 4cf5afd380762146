// The video itself, and telling others where it is.

import { byId } from "./dom.js";

export class Player {
  #video = /** @type {HTMLVideoElement} */ (byId("video"));
  #note = byId("player-note");
  /** @type {string | null} */
  #address = null;
  #onMove;

  /** @param {(seconds: number, isPlaying: boolean) => void} onMove */
  constructor(onMove) {
    this.#onMove = onMove;
    const tell = () => onMove(this.#video.currentTime, !this.#video.paused);
    for (const event of ["seeking", "seeked", "timeupdate"]) this.#video.addEventListener(event, tell);
    this.#video.addEventListener("play", () => this.#tick());
    this.#video.addEventListener("error", () => this.#unplayable());
  }

  /** @param {Blob | null} file @returns {string | null} its address inside the browser */
  open(file) {
    if (this.#address) URL.revokeObjectURL(this.#address);
    this.#address = file ? URL.createObjectURL(file) : null;
    this.#note.textContent = file ? "" : "The video of a job is not kept; here are its segments.";
    this.#video.hidden = !file;
    if (this.#address) this.#video.src = this.#address;
    else this.#video.removeAttribute("src");
    this.#video.load();
    return this.#address;
  }

  /** Infinity or NaN where the browser cannot tell. */
  get duration() {
    return this.#video.duration;
  }

  /** @param {number} seconds */
  seek(seconds) {
    if (this.#video.hidden || this.#video.readyState === 0) this.#onMove(seconds, false);
    // A moment inside the segment: its first frame may begin a little later.
    else this.#video.currentTime = seconds + 0.01;
  }

  tell() {
    this.#onMove(this.#video.currentTime, false);
  }

  /** Smoother than the browser's own four times a second. */
  #tick() {
    if (this.#video.paused || this.#video.ended) return;
    this.#onMove(this.#video.currentTime, true);
    requestAnimationFrame(() => this.#tick());
  }

  #unplayable() {
    if (!this.#address) return;
    this.#video.hidden = true;
    this.#note.textContent = "This browser cannot play the file; the service may read it all the same.";
  }
}
