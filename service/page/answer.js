// One answer in words and bars: the label, what the video is, warnings, and what was spent.

import { bar, byId, draw, make } from "./dom.js";
import { count, digits, modality, percent } from "./words.js";

/** @typedef {import("./types").Answer} Answer */
/** @typedef {import("./types").Compute} Compute */

const ARC = Math.PI * 80;

/** @param {Answer} answer @param {string} name of the file */
export function showAnswer(answer, name) {
  const [best] = answer.predictions;
  byId("verdict").textContent = best ? best.label : "No label";
  byId("verdict").classList.toggle("long", (best?.label.length ?? 0) > 28);
  byId("certainty").textContent = best ? percent(best.score) : "";
  byId("facts").textContent = [name, ...facts(answer)].filter(Boolean).join(" · ");
  byId("predictions").replaceChildren(
    ...answer.predictions.map(({ label, score }) => bar(label, [["accent", score]], percent(score))),
  );
  byId("warnings").replaceChildren(
    ...answer.warnings.map(({ code, detail }) => make("li", { title: code, text: sentence(detail) })),
  );
  showCompute(answer.compute, answer.policy.mode);
}

/** @param {Answer} answer */
function facts({ video, segments }) {
  return [
    `${video.duration_seconds.toFixed(1)} s`,
    `${video.width}×${video.height}`,
    `${video.frame_rate.toFixed(0)} frames/s`,
    video.video_codec,
    video.audio_codec ?? "no sound",
    count(segments.length, "segment"),
  ];
}

/** @param {string} words */
function sentence(words) {
  const text = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** @param {Compute} compute @param {"adaptive" | "all"} mode */
function showCompute(compute, mode) {
  showGauge(compute, mode);
  const most = Math.max(compute.gflops, compute.gflops_dense) || 1;
  byId("components").replaceChildren(
    ...Object.entries(compute.gflops_by_component).map(([name, spent]) =>
      bar(modality(name), [[name, spent / most]], digits(spent)),
    ),
  );
  const pairs = compute.flow_pairs_computed + compute.flow_pairs_avoided;
  byId("flow-pairs").textContent = pairs
    ? `Optical flow of ${compute.flow_pairs_computed} of ${count(pairs, "frame pair")} was computed.`
    : "";
  const { total = 0, ...stages } = compute.seconds_by_stage;
  const longest = Math.max(...Object.values(stages), total / 2, 1e-6);
  byId("stages").replaceChildren(
    ...Object.entries(stages).map(([stage, seconds]) =>
      bar(stage, [["stage", seconds / longest]], `${seconds.toFixed(2)} s`),
    ),
    bar("in all", [], `${total.toFixed(2)} s`),
  );
}

/** @param {Compute} compute @param {"adaptive" | "all"} mode */
function showGauge(compute, mode) {
  const share = compute.gflops_dense ? compute.gflops / compute.gflops_dense : 0;
  const saved = compute.gflops_saved_ratio;
  const arc = "M 20 100 A 80 80 0 0 1 180 100";
  const length = ARC * Math.min(share, 1);
  const spent = draw("path", { d: arc, class: "spent", "stroke-dasharray": `${length} ${ARC}` });
  byId("gauge").replaceChildren(
    draw("path", { d: arc, class: "dense" }),
    ...(share > 0 ? [spent] : []),
    draw("text", { x: 100, y: 70, class: "main" }, percent(Math.abs(saved))),
    draw("text", { x: 100, y: 88 }, saved >= 0 ? "saved" : "more than everything"),
    draw("text", { x: 100, y: 104 }, `${digits(compute.gflops)} GFLOPs`),
  );
  const dense = digits(compute.gflops_dense);
  byId("gauge-words").textContent =
    mode === "all"
      ? `Everything was computed: ${dense} GFLOPs.`
      : `Computing everything in these segments takes ${dense} GFLOPs.`;
}
