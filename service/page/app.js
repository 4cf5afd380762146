// The page: which view is seen, and the way of a video from being chosen to being understood.

import { addJob, ask, classify, follow, useKey } from "./api.js";
import { showAnswer } from "./answer.js";
import { pointOf } from "./curve.js";
import { byId } from "./dom.js";
import { download } from "./exports.js";
import { Jobs } from "./jobs.js";
import { showModel } from "./model.js";
import { Player } from "./player.js";
import { Refusal } from "./problems.js";
import { Ranges } from "./ranges.js";
import { Runs } from "./runs.js";
import { watchSources } from "./source.js";
import { Status } from "./status.js";
import { Timeline } from "./timeline.js";

/** @typedef {import("./types").Answer} Answer */
/** @typedef {import("./types").Job} Job */
/** @typedef {import("./types").Model} Model */
/** @typedef {import("./types").Query} Query */
/** @typedef {import("./types").Run} Run */

const VIEWS = ["classify", "jobs", "model"];

class App {
  /** @type {File | null} */
  #file = null;
  #name = "";
  /** @type {Run[]} */
  #runs = [];
  /** @type {Run | null} */
  #shown = null;
  /** @type {Model | null} */
  #model = null;
  #abort = new AbortController();
  #status = new Status({
    cancel: () => this.#abort.abort(new DOMException("cancelled", "AbortError")),
    retry: () => void this.#again(),
    asJob: () => void this.#addJob(),
    key: (given) => {
      useKey(given);
      void this.#again();
    },
  });
  #player = new Player((seconds, isPlaying) => this.#moved(seconds, isPlaying));
  #timeline = new Timeline((seconds) => this.#player.seek(seconds));
  #ranges = new Ranges((seconds) => this.#player.seek(seconds));
  #table = new Runs({ run: (query) => this.#run(query), show: (run) => this.#show(run) });
  #jobs = new Jobs({ open: (job) => void this.#openJob(job), fail: (error) => this.#status.fail(error, false) });

  start() {
    watchSources(
      (file) => void this.#choose(file),
      (error) => this.#status.fail(error, false),
    );
    for (const format of ["json", "csv", "srt"]) {
      byId(`save-${format}`).addEventListener("click", () => {
        if (this.#shown?.answer) download(this.#shown.answer, this.#name, format);
      });
    }
    window.addEventListener("hashchange", () => void this.#route());
    void this.#route();
    void this.#loadModel();
  }

  async #loadModel() {
    try {
      this.#model = /** @type {Model} */ (await ask("model"));
    } catch (error) {
      // A service that has just started has it in a moment.
      if (error instanceof Refusal && error.problem.code === "not_ready") {
        byId("served").textContent = "The model is being loaded…";
        window.setTimeout(() => void this.#loadModel(), 1000 * (error.retryAfter ?? 1));
      } else this.#status.fail(error, true);
      return;
    }
    this.#table.useModel(this.#model);
    this.#table.draw(this.#runs, this.#shown);
    showModel(this.#model);
    byId("served").textContent = `Model ${this.#model.name}, ${this.#model.labels.length} labels`;
  }

  async #route() {
    const wanted = location.hash.slice(1);
    const view = VIEWS.includes(wanted) ? wanted : "classify";
    for (const name of VIEWS) {
      byId(`view-${name}`).hidden = name !== view;
      const link = byId(`to-${name}`);
      if (name === view) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    this.#status.clear();
    if (view === "jobs") await this.#jobs.show();
    else this.#jobs.hide();
  }

  /** @param {File} file */
  async #choose(file) {
    if (location.hash) location.hash = "";
    this.#begin(file, file.name);
    if (/** @type {HTMLSelectElement} */ (byId("when")).value === "job") await this.#addJob();
    else await this.#run({}).catch(() => {});
  }

  /** Another video: nothing of the one before is left. @param {File | null} file @param {string} name */
  #begin(file, name) {
    this.#abort.abort(new DOMException("another video", "AbortError"));
    this.#file = file;
    this.#name = name;
    this.#runs = [];
    this.#shown = null;
    this.#timeline.clear();
    this.#ranges.clear();
    byId("work").hidden = false;
    byId("intake").classList.add("compact");
    byId("answer").hidden = true;
    byId("rerun").hidden = !file;
    this.#table.draw([], null);
    this.#timeline.open(this.#player.open(file));
  }

  /** @param {Partial<Query>} more @throws what the run met, once it has been told */
  async #run(more) {
    if (!this.#file) return;
    this.#abort.abort(new DOMException("another run", "AbortError"));
    this.#abort = new AbortController();
    const run = this.#newRun({ ...settings(), ...more });
    this.#timeline.clear();
    this.#status.upload();
    const listener = {
      uploaded: (/** @type {number} */ share) => this.#status.uploaded(share),
      segment: (/** @type {import("./types").Segment} */ segment) => {
        run.segments.push(segment);
        this.#timeline.add(segment);
        this.#status.decided(run.segments, this.#expected(run.query));
      },
    };
    await this.#finish(run, classify(this.#file, run.query, listener, this.#abort.signal));
  }

  /** @param {Query} query @returns {Run} */
  #newRun(query) {
    const number = this.#runs.length + 1;
    /** @type {Run} */
    const run = { number, query, name: this.#name, state: "working", segments: [], answer: null, error: null, point: null };
    this.#runs.push(run);
    return run;
  }

  /** How many segments there will be; null where nobody knows yet. @param {Query} query */
  #expected({ every_seconds: every, budget }) {
    const { duration } = this.#player;
    if (every) return Number.isFinite(duration) ? Math.max(1, Math.round(duration / every)) : null;
    const spec = this.#model?.spec;
    return spec && budget === undefined ? (spec.served_segments ?? spec.eval_segments) : null;
  }

  /** @param {Run} run @param {Promise<Answer | null>} coming */
  async #finish(run, coming) {
    try {
      run.answer = await coming;
    } catch (error) {
      run.state = "failed";
      const isCurrent = this.#runs.at(-1) === run;
      if (isCurrent) this.#status.fail(error, true);
      // What had been shown before is shown again.
      if (isCurrent && this.#shown) this.#show(this.#shown);
      throw error;
    }
    if (this.#runs.at(-1) !== run) return;
    run.state = run.answer ? "done" : "stopped";
    if (run.answer && this.#model) run.point = pointOf(this.#model, run.answer);
    this.#status.done(run.answer);
    if (run.answer) this.#show(run);
  }

  /** @param {Run} run */
  #show(run) {
    const { answer } = run;
    if (!answer) return;
    this.#shown = run;
    showAnswer(answer, this.#name);
    byId("answer").hidden = false;
    this.#timeline.show(answer.segments);
    this.#ranges.show(answer.timeline, answer.video.duration_seconds);
    this.#table.draw(this.#runs, run);
    this.#player.tell();
  }

  /** @param {number} seconds @param {boolean} isPlaying */
  #moved(seconds, isPlaying) {
    this.#timeline.moveTo(seconds, isPlaying);
    this.#ranges.moveTo(seconds);
  }

  async #again() {
    if (!this.#model) await this.#loadModel();
    if (!byId("view-jobs").hidden) await this.#jobs.show();
    else if (this.#file) await this.#run(this.#runs.at(-1)?.query ?? {}).catch(() => {});
  }

  async #addJob() {
    if (!this.#file) return;
    this.#abort = new AbortController();
    this.#status.upload();
    try {
      const job = await addJob(this.#file, settings(), (share) => this.#status.uploaded(share), this.#abort.signal);
      this.#files.set(job.id, this.#file);
      byId("work").hidden = this.#runs.length === 0;
      location.hash = "jobs";
    } catch (error) {
      this.#status.fail(error, true);
    }
  }

  /** Videos that were added from here can be played beside their results. @type {Map<string, File>} */
  #files = new Map();

  /** @param {Job} job */
  async #openJob(job) {
    location.hash = "";
    const file = this.#files.get(job.id) ?? null;
    this.#begin(file, file?.name ?? `job ${job.id.slice(-8)}`);
    this.#abort = new AbortController();
    const run = this.#newRun({ policy: "adaptive" });
    this.#status.read();
    const onSegment = (/** @type {import("./types").Segment} */ segment) => {
      run.segments.push(segment);
      this.#timeline.add(segment);
      this.#status.decided(run.segments, job.progress.segments);
    };
    await this.#finish(run, follow(job.id, onSegment, this.#abort.signal)).catch(() => {});
    if (run.answer) run.query.policy = run.answer.policy.mode;
  }
}

/** What the form asks for. @returns {Query} */
function settings() {
  const placing = /** @type {HTMLSelectElement} */ (byId("placing")).value;
  const policy = /** @type {HTMLSelectElement} */ (byId("policy")).value;
  return {
    policy: policy === "all" ? "all" : "adaptive",
    ...(placing ? { every_seconds: Number(placing) } : {}),
  };
}

new App().start();
