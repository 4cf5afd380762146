// Where a video comes from: dropped, picked, recorded, or one of the samples.

import { ask, respond } from "./api.js";
import { Camera } from "./camera.js";
import { byId, make } from "./dom.js";
import { size } from "./words.js";

/** @typedef {import("./types").Sample} Sample */

/**
 * @param {(file: File) => void} choose
 * @param {(error: unknown) => void} fail
 */
export function watchSources(choose, fail) {
  const input = /** @type {HTMLInputElement} */ (byId("file"));
  input.addEventListener("change", () => {
    const [file] = input.files ?? [];
    // The same file may be picked again.
    input.value = "";
    if (file) choose(file);
  });
  byId("pick").addEventListener("click", () => input.click());
  watchDrops(choose);
  new Camera(choose, fail);
  listSamples(choose, fail).catch(fail);
}

/** Anywhere on the page. @param {(file: File) => void} choose */
function watchDrops(choose) {
  const zone = byId("drop");
  const hover = (/** @type {boolean} */ isOver) => zone.classList.toggle("over", isOver);
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    hover(true);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget ?? hover(false));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    hover(false);
    const [file] = event.dataTransfer?.files ?? [];
    if (file) choose(file);
  });
}

/** @param {(file: File) => void} choose @param {(error: unknown) => void} fail */
async function listSamples(choose, fail) {
  /** @type {{ samples: Sample[] }} */
  const { samples } = await ask("samples");
  byId("samples-title").hidden = samples.length === 0;
  byId("samples").replaceChildren(
    ...samples.map((sample) => {
      const words = `${sample.seconds.toFixed(0)} s · ${size(sample.bytes)}`;
      const one = make(
        "button",
        { type: "button", className: "sample" },
        make("strong", { text: sample.title }),
        make("span", { text: sample.description }),
        make("small", { text: words }),
      );
      one.addEventListener("click", () => take(sample).then(choose, fail));
      return make("li", {}, one);
    }),
  );
}

/** @param {Sample} sample */
async function take({ name }) {
  const response = await respond(`samples/${encodeURIComponent(name)}`);
  return new File([await response.blob()], name, { type: "video/mp4" });
}
