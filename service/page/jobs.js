// Jobs: the list, each one's progress, cancelling it, and its result.

import { ask } from "./api.js";
import { button, byId, make } from "./dom.js";
import { digits } from "./words.js";

/** @typedef {import("./types").Job} Job */

const REFRESH_MS = 1500;

export class Jobs {
  #rows = byId("job-rows");
  #more = /** @type {HTMLButtonElement} */ (byId("jobs-more"));
  /** @type {string | null} */
  #next = null;
  #timer = 0;
  #limit = 20;
  #handlers;

  /** @param {{ open: (job: Job) => void, fail: (error: unknown) => void }} handlers */
  constructor(handlers) {
    this.#handlers = handlers;
    this.#more.addEventListener("click", () => {
      this.#limit = Math.min(this.#limit + 20, 100);
      void this.show();
    });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && !byId("view-jobs").hidden) void this.show();
    });
  }

  /** Drawn, and again while one of them waits or runs and the page is looked at. */
  async show() {
    clearTimeout(this.#timer);
    try {
      /** @type {{ jobs: Job[], next: string | null }} */
      const { jobs, next } = await ask(`jobs?limit=${this.#limit}`);
      this.#next = next;
      this.#draw(jobs);
      const isMoving = jobs.some(({ state }) => state === "queued" || state === "running");
      if (isMoving && !document.hidden) this.#timer = window.setTimeout(() => void this.show(), REFRESH_MS);
    } catch (error) {
      this.#handlers.fail(error);
    }
  }

  hide() {
    clearTimeout(this.#timer);
  }

  /** @param {Job[]} jobs */
  #draw(jobs) {
    byId("jobs-none").hidden = jobs.length > 0;
    byId("jobs-table").hidden = jobs.length === 0;
    this.#more.hidden = this.#next === null || this.#limit >= 100;
    const focused = document.activeElement?.getAttribute("data-act");
    this.#rows.replaceChildren(...jobs.map((job) => this.#row(job)));
    // A list that is drawn anew does not take the keyboard's place away.
    if (focused) this.#rows.querySelector(`[data-act="${CSS.escape(focused)}"]`)?.setAttribute("autofocus", "");
    /** @type {HTMLElement | null} */ (this.#rows.querySelector("[autofocus]"))?.focus();
  }

  /** @param {Job} job */
  #row(job) {
    const when = make("time", { datetime: job.created_at, text: moment(job.created_at) });
    const state = make("span", { className: `state ${job.state}`, text: stateOf(job) });
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, when, make("small", { text: job.id.slice(-8), title: job.id })),
      make("td", {}, state),
      make("td", { className: "wide" }, progressOf(job)),
      make("td", { className: "number", text: digits(job.progress.gflops) }),
      make("td", { className: "acts" }, ...this.#acts(job)),
    );
  }

  /** @param {Job} job */
  #acts(job) {
    const isOver = !["queued", "running"].includes(job.state);
    const remove = button(isOver ? "Remove" : "Cancel", () => void this.#delete(job));
    remove.dataset.act = `delete-${job.id}`;
    remove.setAttribute("aria-label", `${remove.textContent} job ${job.id.slice(-8)}`);
    if (job.state !== "succeeded" && job.state !== "running") return [remove];
    const open = button(job.state === "running" ? "Watch" : "Open", () => this.#handlers.open(job));
    open.dataset.act = `open-${job.id}`;
    open.setAttribute("aria-label", `${open.textContent} job ${job.id.slice(-8)}`);
    return [open, remove];
  }

  /** @param {Job} job */
  async #delete({ id }) {
    try {
      await ask(`jobs/${encodeURIComponent(id)}`, { method: "DELETE" });
    } catch (error) {
      this.#handlers.fail(error);
    }
    await this.show();
  }
}

/** @param {Job} job */
function stateOf({ state, place }) {
  return state === "queued" && place !== null ? `queued, no. ${place}` : state;
}

/** @param {Job} job */
function progressOf({ state, progress, problem }) {
  if (problem) return make("span", { className: "problem", text: `${problem.title}. ${problem.detail}` });
  if (progress.segments === null) return make("span", { text: state === "queued" ? "waits" : "–" });
  const words = `${progress.segments_done} of ${progress.segments} segments`;
  const meter = make("progress", { max: String(progress.segments), "aria-label": words });
  meter.value = progress.segments_done;
  return make("span", { className: "progressed" }, meter, make("small", { text: words }));
}

/** @param {string} time */
function moment(time) {
  return new Date(time).toLocaleString(undefined, { dateStyle: "short", timeStyle: "medium" });
}
