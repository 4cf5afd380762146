// All answers to the video at hand: the table of them, the budget's dial, "everything" beside.

import { drawChart } from "./chart.js";
import { budgetOf, comparableGflops, promise, stops } from "./curve.js";
import { bar, byId, make } from "./dom.js";
import { digits, percent } from "./words.js";

/** @typedef {import("./types").Answer} Answer */
/** @typedef {import("./types").Model} Model */
/** @typedef {import("./types").Query} Query */
/** @typedef {import("./types").Run} Run */

export class Runs {
  #slider = /** @type {HTMLInputElement} */ (byId("budget"));
  /** @type {Model | null} */
  #model = null;
  #handlers;

  /**
   * @param {{ run: (query: Partial<Query>) => Promise<void>, show: (run: Run) => void }} handlers
   */
  constructor(handlers) {
    this.#handlers = handlers;
    this.#slider.addEventListener("input", () => this.#describe());
    this.#slider.addEventListener("change", () => {
      this.#describe();
      this.#runAt(Number(this.#slider.value)).catch(() => {});
    });
    byId("run-curve").addEventListener("click", () => void this.#runAll());
    byId("run-everything").addEventListener("click", () => {
      handlers.run({ policy: "all" }).catch(() => {});
    });
  }

  /** @param {Model} model */
  useModel(model) {
    this.#model = model;
    const last = stops(model).length - 1;
    // Without a measured curve there is nothing to dial.
    for (const part of ["dial", "run-curve", "curve-area"]) byId(part).hidden = last < 1;
    this.#slider.max = String(Math.max(last, 0));
    this.#slider.value = String(this.#served());
    this.#describe();
  }

  /** The place of the point that the model serves by default. */
  #served() {
    const model = this.#model;
    if (!model) return 0;
    const { threshold, served_segments, eval_segments } = model.spec;
    const segments = served_segments ?? eval_segments;
    return Math.max(
      0,
      stops(model).findIndex((one) => one.threshold === threshold && one.segments === segments),
    );
  }

  #describe() {
    const model = this.#model;
    const point = model && stops(model)[Number(this.#slider.value)];
    if (!model || !point) return;
    const share = percent(budgetOf(model, point, false));
    const words = `${share} of everything: ${digits(point.gflops)} GFLOPs for the mean video, right for ${promise(point)} of other videos`;
    byId("budget-words").textContent = words;
    this.#slider.setAttribute("aria-valuetext", words);
  }

  /** @param {number} place */
  async #runAt(place) {
    const model = this.#model;
    const point = model && stops(model)[place];
    if (!model || !point) return;
    const isBySegment = isByTime();
    await this.#handlers.run({ policy: "adaptive", budget: budgetOf(model, point, isBySegment) });
  }

  async #runAll() {
    const button = /** @type {HTMLButtonElement} */ (byId("run-curve"));
    button.disabled = true;
    try {
      for (let place = 0; place <= Number(this.#slider.max); place += 1) {
        this.#slider.value = String(place);
        this.#describe();
        await this.#runAt(place);
      }
    } catch {
      // Said where every run's problem is said; the rest of the curve would meet it too.
    } finally {
      button.disabled = false;
    }
  }

  /** @param {Run[]} runs @param {Run | null} shown */
  draw(runs, shown) {
    const done = runs.filter((run) => run.answer);
    byId("runs-card").hidden = done.length === 0;
    this.#turnTo(shown);
    byId("runs").replaceChildren(...done.map((run) => this.#row(run, run === shown)));
    this.#drawCurve(done, shown);
    drawComparison(done, shown);
  }

  /** The dial stands where the answer that is shown was made. @param {Run | null} shown */
  #turnTo(shown) {
    const place = shown?.point && this.#model ? stops(this.#model).indexOf(shown.point) : -1;
    if (place < 0) return;
    this.#slider.value = String(place);
    this.#describe();
  }

  /** @param {Run} run @param {boolean} isShown */
  #row(run, isShown) {
    const answer = /** @type {Answer} */ (run.answer);
    const best = answer.predictions[0];
    const select = make("button", { type: "button", className: "link", text: nameOf(run) });
    if (isShown) select.setAttribute("aria-current", "true");
    select.addEventListener("click", () => this.#handlers.show(run));
    const label = make("td", { className: "wide", text: best?.label ?? "none" });
    const cells = [
      best ? percent(best.score) : "",
      String(answer.segments.length),
      digits(answer.compute.gflops),
      percent(answer.compute.gflops_saved_ratio),
      `${(answer.compute.seconds_by_stage.total ?? 0).toFixed(2)} s`,
    ].map((text) => make("td", { className: "number", text }));
    return make("tr", {}, make("th", { scope: "row" }, select), label, ...cells);
  }

  /** @param {Run[]} done @param {Run | null} shown */
  #drawCurve(done, shown) {
    const model = this.#model;
    if (!model || model.curve.length < 2) return;
    const marks = done.flatMap((run) => {
      const { answer, point } = run;
      if (!answer || !point) return [];
      const kind = run === shown ? "shown" : "other";
      const words = `${nameOf(run)}: ${answer.predictions[0]?.label ?? "none"}, ${digits(answer.compute.gflops)} GFLOPs`;
      return [{ gflops: comparableGflops(answer, point), accuracy: point.accuracy, words, kind }];
    });
    // The one that is shown lies on top.
    marks.sort((one) => (one.kind === "shown" ? 1 : -1));
    drawChart(byId("chart"), model.curve, marks);
  }
}

function isByTime() {
  return /** @type {HTMLSelectElement} */ (byId("placing")).value !== "";
}

/** @param {Run} run */
export function nameOf({ query, number }) {
  if (query.policy === "all") return `${number}. Everything`;
  return query.budget === undefined ? `${number}. Adaptive` : `${number}. Budget ${percent(query.budget)}`;
}

/** What is shown, or else the last adaptive answer, beside everything. @param {Run[]} done @param {Run | null} shown */
function drawComparison(done, shown) {
  const kind = (/** @type {Run | null} */ run) => run?.query.policy === "adaptive";
  const chosen = kind(shown) ? shown : done.findLast(kind);
  const adaptive = chosen?.answer;
  const all = done.findLast((run) => run.query.policy === "all")?.answer;
  byId("comparison").hidden = !adaptive || !all;
  byId("run-everything").hidden = Boolean(all);
  if (!chosen || !adaptive || !all) return;
  const most = Math.max(adaptive.compute.gflops, all.compute.gflops);
  const longest = Math.max(seconds(adaptive), seconds(all));
  const side = (/** @type {Answer} */ one, /** @type {string} */ title) => [
    make("h3", { text: title }),
    make("p", { className: "said", text: said(one) }),
    bar("GFLOPs", [["accent", one.compute.gflops / most]], digits(one.compute.gflops)),
    bar("seconds", [["stage", seconds(one) / longest]], seconds(one).toFixed(2)),
  ];
  byId("beside-adaptive").replaceChildren(...side(adaptive, nameOf(chosen)));
  byId("beside-all").replaceChildren(...side(all, "Everything"));
  byId("comparison-words").textContent = verdictOn(adaptive, all);
}

/** @param {Answer} answer */
function seconds(answer) {
  return answer.compute.seconds_by_stage.total ?? 0;
}

/** @param {Answer} answer */
function said({ predictions: [best] }) {
  return best ? `${best.label}, ${percent(best.score)}` : "no label";
}

/** @param {Answer} adaptive @param {Answer} all */
function verdictOn(adaptive, all) {
  const isSame = adaptive.predictions[0]?.label === all.predictions[0]?.label;
  const per = (/** @type {Answer} */ one) => one.compute.gflops / (one.segments.length || 1);
  const ratio = per(adaptive) / (per(all) || 1);
  const words = isSame ? "The same label" : "Different labels";
  return `${words}; a segment took ${percent(ratio)} of the compute of everything.`;
}
