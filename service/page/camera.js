// Recording by the camera: what it sees, then a file like any other.

import { byId } from "./dom.js";
import { clock } from "./words.js";

const MAX_SECONDS = 60;
const TYPES = ["video/mp4", "video/webm"];

export class Camera {
  #panel = byId("camera");
  #preview = /** @type {HTMLVideoElement} */ (byId("preview"));
  #start = /** @type {HTMLButtonElement} */ (byId("record"));
  #time = byId("camera-time");
  /** @type {MediaRecorder | null} */
  #recorder = null;
  #choose;
  #fail;
  #isKept = true;
  #timer = 0;

  /** @param {(file: File) => void} choose @param {(error: unknown) => void} fail */
  constructor(choose, fail) {
    this.#choose = choose;
    this.#fail = fail;
    // Browsers offer the camera to pages that come encrypted and from this machine only.
    this.#start.hidden = !navigator.mediaDevices?.getUserMedia || !("MediaRecorder" in window);
    this.#start.addEventListener("click", () => void this.#begin());
    byId("camera-stop").addEventListener("click", () => this.#end(true));
    byId("camera-cancel").addEventListener("click", () => this.#end(false));
  }

  async #begin() {
    this.#start.disabled = true;
    try {
      const stream = await this.#open();
      const type = TYPES.find((one) => MediaRecorder.isTypeSupported(one));
      const recorder = new MediaRecorder(stream, type ? { mimeType: type } : {});
      /** @type {Blob[]} */
      const pieces = [];
      recorder.addEventListener("dataavailable", ({ data }) => pieces.push(data));
      recorder.addEventListener("stop", () => this.#stopped(stream, recorder.mimeType, pieces));
      this.#recorder = recorder;
      this.#show(stream);
      recorder.start();
    } catch (error) {
      this.#start.disabled = false;
      this.#fail(cameraError(error));
    }
  }

  /** With sound where there is a microphone. */
  async #open() {
    const video = { width: { ideal: 640 }, height: { ideal: 480 } };
    try {
      return await navigator.mediaDevices.getUserMedia({ video, audio: true });
    } catch {
      return navigator.mediaDevices.getUserMedia({ video });
    }
  }

  /** @param {MediaStream} stream */
  #show(stream) {
    this.#panel.hidden = false;
    this.#preview.srcObject = stream;
    void this.#preview.play();
    byId("camera-stop").focus();
    const begin = performance.now();
    const tell = () => {
      const seconds = (performance.now() - begin) / 1000;
      this.#time.textContent = `Recording: ${clock(seconds)} of at most ${clock(MAX_SECONDS)}`;
      if (seconds >= MAX_SECONDS) this.#end(true);
    };
    tell();
    this.#timer = window.setInterval(tell, 200);
  }

  /** @param {boolean} isKept */
  #end(isKept) {
    this.#isKept = isKept;
    if (this.#recorder?.state === "recording") this.#recorder.stop();
  }

  /** @param {MediaStream} stream @param {string} type @param {Blob[]} pieces */
  #stopped(stream, type, pieces) {
    clearInterval(this.#timer);
    for (const track of stream.getTracks()) track.stop();
    this.#preview.srcObject = null;
    this.#panel.hidden = true;
    this.#start.disabled = false;
    this.#start.focus();
    const plain = type.split(";")[0] || "video/webm";
    const name = `recording.${plain.includes("mp4") ? "mp4" : "webm"}`;
    if (this.#isKept) this.#choose(new File(pieces, name, { type: plain }));
  }
}

/** @param {unknown} error */
function cameraError(error) {
  const name = error instanceof DOMException ? error.name : "";
  const words =
    { NotAllowedError: "the browser was told not to", NotFoundError: "there is none" }[name] ??
    (error instanceof Error ? error.message : "unknown reason");
  return new Error(`The camera cannot be used: ${words}.`);
}
