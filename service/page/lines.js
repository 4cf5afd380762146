// Lines of JSON out of a text that arrives in pieces.

import { Refusal, unreachable } from "./problems.js";

/** @typedef {import("./types").Answer} Answer */
/** @typedef {import("./types").Line} Line */

export class LineReader {
  #rest = "";
  /** @type {Line | null} */
  #last = null;
  #listener;

  /** @param {(line: Line) => void} listener */
  constructor(listener) {
    this.#listener = listener;
  }

  /** @param {string} text */
  push(text) {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (!line) continue;
      this.#last = /** @type {Line} */ (JSON.parse(line));
      this.#listener(this.#last);
    }
  }

  get isCancelled() {
    return this.#last?.type === "cancelled";
  }

  /**
   * What the last line tells; a stream that ends without one was cut.
   * @returns {Answer}
   */
  answer() {
    if (this.#last?.type === "result") return this.#last;
    if (this.#last?.type === "problem") throw new Refusal(this.#last);
    throw unreachable("The answer was cut off before its end.");
  }
}
