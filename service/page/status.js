// What is going on, and what went wrong, in words.

import { byId } from "./dom.js";
import { Refusal } from "./problems.js";
import { count, digits, percent } from "./words.js";

/** @typedef {import("./types").Answer} Answer */
/** @typedef {import("./types").Segment} Segment */

const FOR_JOBS = ["upload_too_large", "deadline_exceeded", "too_many_segments"];

export class Status {
  #line = byId("status");
  #progress = /** @type {HTMLProgressElement} */ (byId("progress"));
  #working = byId("working");
  #problem = byId("problem");

  /**
   * @param {{ cancel: () => void, retry: () => void, asJob: () => void, key: (key: string) => void }} acts
   */
  constructor(acts) {
    byId("cancel").addEventListener("click", acts.cancel);
    byId("retry").addEventListener("click", acts.retry);
    byId("as-job").addEventListener("click", acts.asJob);
    byId("key-form").addEventListener("submit", (event) => {
      event.preventDefault();
      acts.key(/** @type {HTMLInputElement} */ (byId("key")).value.trim());
    });
    byId("problem-close").addEventListener("click", () => this.clear());
  }

  clear() {
    this.#problem.hidden = true;
  }

  upload() {
    this.clear();
    this.#working.hidden = false;
    this.#progress.value = 0;
    this.#line.textContent = "Uploading…";
  }

  /** A job's answer comes from what is kept of it. */
  read() {
    this.clear();
    this.#working.hidden = false;
    this.#progress.removeAttribute("value");
    this.#line.textContent = "Reading the job…";
  }

  /** @param {number} share */
  uploaded(share) {
    if (share < 1) {
      this.#progress.value = share;
      this.#line.textContent = `Uploading: ${percent(share)}`;
      return;
    }
    this.#progress.removeAttribute("value");
    this.#line.textContent = "Uploaded; waiting for the first segment…";
  }

  /** @param {Segment[]} segments @param {number | null} expected */
  decided(segments, expected) {
    this.#working.hidden = false;
    const spent = segments.reduce((sum, { gflops }) => sum + gflops, 0);
    const most = expected === null ? "" : ` of about ${Math.max(expected, segments.length)}`;
    if (expected === null) this.#progress.removeAttribute("value");
    else this.#progress.value = Math.min(segments.length / expected, 1);
    this.#line.textContent = `${count(segments.length, "segment")}${most} decided, ${digits(spent)} GFLOPs so far`;
  }

  /** @param {Answer | null} answer */
  done(answer) {
    this.#working.hidden = true;
    const best = answer?.predictions[0];
    byId("said").textContent = best ? `Done: ${best.label}, ${percent(best.score)}` : "Ended without an answer";
  }

  /** @param {unknown} error @param {boolean} canRetry */
  fail(error, canRetry) {
    this.#working.hidden = true;
    const isAborted = error instanceof DOMException && error.name === "AbortError";
    if (isAborted && error.message !== "cancelled") return;
    this.#problem.classList.toggle("calm", isAborted);
    if (isAborted) this.#say("Cancelled", "Nothing more is computed for it.");
    else if (error instanceof Refusal) this.#refused(error);
    else this.#broken(error);
    byId("retry").hidden = !canRetry || !mayHelp(error);
    this.#problem.hidden = false;
    this.#problem.focus();
  }

  /** @param {Refusal} refusal */
  #refused({ message, advice, problem: { title, request_id: id, code } }) {
    this.#say(title, sentences([message, advice]), id ? `Request ${id}, code ${code}` : "");
    byId("as-job").hidden = !FOR_JOBS.includes(code);
    byId("key-form").hidden = code !== "unauthorized";
  }

  /** @param {unknown} error */
  #broken(error) {
    this.#say("That did not work", sentences([error instanceof Error ? error.message : String(error)]));
  }

  /** @param {string} title @param {string} detail @param {string} [id] */
  #say(title, detail, id = "") {
    byId("problem-title").textContent = title;
    byId("problem-detail").textContent = detail;
    byId("problem-id").textContent = id;
    byId("as-job").hidden = true;
    byId("key-form").hidden = true;
  }
}

/** Whether the same request may be answered another time. @param {unknown} error */
function mayHelp(error) {
  if (!(error instanceof Refusal)) return true;
  const { status } = error.problem;
  return status === 408 || status >= 429 || status < 400;
}

/** @param {string[]} parts */
function sentences(parts) {
  return parts
    .filter(Boolean)
    .map((part) => `${part.charAt(0).toUpperCase()}${part.slice(1)}`)
    .map((part) => (/[.!?]$/.test(part) ? part : `${part}.`))
    .join(" ");
}
