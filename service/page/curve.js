// The model's measured curve as a dial: which budget asks for which of its points.

import { percent } from "./words.js";

/** @typedef {import("./types").Answer} Answer */
/** @typedef {import("./types").CurvePoint} CurvePoint */
/** @typedef {import("./types").Model} Model */
/** @typedef {import("./types").Query} Query */

/** What everything takes in the model's own number of segments: budget 1. @param {Model} model */
export function denseGflops({ spec }) {
  const costs = Object.values(spec.costs?.recognition ?? {});
  const macs = costs.reduce((sum, { conv, linear, lstm }) => sum + conv + linear + lstm, 0);
  return (macs * spec.eval_segments) / 1e9;
}

/** The cheapest first. @param {Model} model */
export function stops(model) {
  return [...model.curve].sort((one, other) => one.gflops - other.gflops);
}

/** How often a point is right, with what other videos may give. @param {CurvePoint} point */
export function promise({ accuracy, accuracy_low, accuracy_high }) {
  if (accuracy_low === null || accuracy_high === null) return percent(accuracy);
  return `${percent(accuracy)} (${percent(accuracy_low)} to ${percent(accuracy_high)})`;
}

/**
 * The smallest budget that reaches a point: a share of what everything takes, of the whole video
 * or, where segments are placed by time, of each of them.
 * @param {Model} model
 * @param {CurvePoint} point
 * @param {boolean} isBySegment
 */
export function budgetOf(model, point, isBySegment) {
  const dense = denseGflops(model);
  const share = isBySegment
    ? (point.gflops / point.segments) * (model.spec.eval_segments / dense)
    : point.gflops / dense;
  return Math.min(1, Math.ceil(share * 1e6) / 1e6);
}

/** The point that an answer was made at, if it was one. @param {Model} model @param {Answer} answer */
export function pointOf(model, answer) {
  if (answer.policy.mode === "all") return null;
  const same = model.curve.filter((point) => point.threshold === answer.policy.threshold);
  return same.find((point) => point.segments === answer.segments.length) ?? same[0] ?? null;
}

/**
 * An answer's cost as of a video with as many segments as the curve's.
 * @param {Answer} answer
 * @param {CurvePoint | null} point
 */
export function comparableGflops(answer, point) {
  const { gflops } = answer.compute;
  return point ? (gflops * point.segments) / (answer.segments.length || 1) : gflops;
}
