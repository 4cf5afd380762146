// The model's curve, accuracy over GFLOPs, with the answers to this video on it.

import { draw } from "./dom.js";
import { digits, percent } from "./words.js";

/** @typedef {import("./types").CurvePoint} CurvePoint */
/** @typedef {{ gflops: number, accuracy: number, words: string, kind: string }} Mark */

const HEIGHT = 240;
const EDGE = { left: 52, right: 16, top: 14, bottom: 40 };
/** What each chart shows, so that it is drawn anew when it gets wider. @type {WeakMap<Element, () => void>} */
const drawn = new WeakMap();
const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) drawn.get(target)?.();
});

/**
 * @param {SVGElement} svg
 * @param {CurvePoint[]} curve
 * @param {Mark[]} marks
 */
export function drawChart(svg, curve, marks) {
  drawn.set(svg, () => drawAt(svg, curve, marks));
  resized.observe(svg);
  drawAt(svg, curve, marks);
}

/** A unit is a pixel, so that words have one size at each width. @type {typeof drawChart} */
function drawAt(svg, curve, marks) {
  const width = svg.clientWidth || 560;
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  const points = [...curve].sort((one, other) => one.gflops - other.gflops);
  const scale = scales(points, marks, width);
  const line = points.map((point) => `${scale.x(point.gflops)},${scale.y(point.accuracy)}`);
  svg.replaceChildren(
    ...axes(scale),
    draw("polyline", { points: line.join(" "), class: "curve" }),
    ...points.map((point) => dot(scale, point, "dot", 3, words(point))),
    ...marks.map((mark) => dot(scale, mark, `mark ${mark.kind}`, 7, mark.words)),
  );
}

/** @param {CurvePoint} point */
function words({ gflops, accuracy, segments }) {
  return `${digits(gflops)} GFLOPs, ${percent(accuracy)} right, ${segments} segments`;
}

/** @param {CurvePoint[]} points @param {Mark[]} marks @param {number} whole */
function scales(points, marks, whole) {
  const costs = [...points, ...marks].map((one) => one.gflops).filter((cost) => cost > 0);
  const low = Math.log10(Math.min(...costs, 1)) - 0.05;
  const high = Math.log10(Math.max(...costs)) + 0.05;
  const lowest = Math.min(...points.map((point) => point.accuracy));
  const step = lowest < 0.6 ? 0.2 : lowest < 0.85 ? 0.1 : 0.05;
  const bottom = Math.max(0, Math.floor(lowest / step - 0.2) * step);
  const width = whole - EDGE.left - EDGE.right;
  const height = HEIGHT - EDGE.top - EDGE.bottom;
  return {
    low,
    high,
    step,
    whole,
    bottom,
    x: (/** @type {number} */ cost) =>
      EDGE.left + (width * (Math.log10(Math.max(cost, 1e-9)) - low)) / (high - low || 1),
    y: (/** @type {number} */ share) => EDGE.top + (height * (1 - share)) / (1 - bottom || 1),
  };
}

/** @param {ReturnType<typeof scales>} scale */
function axes(scale) {
  const nodes = [];
  for (const cost of ticks(scale.low, scale.high)) {
    const x = scale.x(cost);
    nodes.push(draw("line", { x1: x, x2: x, y1: EDGE.top, y2: HEIGHT - EDGE.bottom, class: "grid" }));
    nodes.push(draw("text", { x, y: HEIGHT - 22, class: "tick" }, String(cost)));
  }
  for (let share = scale.bottom; share < 1 + scale.step / 2; share += scale.step) {
    const y = scale.y(share);
    nodes.push(draw("line", { x1: EDGE.left, x2: scale.whole - EDGE.right, y1: y, y2: y, class: "grid" }));
    nodes.push(draw("text", { x: EDGE.left - 6, y: y + 4, class: "tick side" }, `${Math.round(100 * share)} %`));
  }
  nodes.push(draw("text", { x: (scale.whole + EDGE.left) / 2, y: HEIGHT - 4, class: "tick" }, "GFLOPs a video"));
  return nodes;
}

/** 1, 2 and 5 times powers of ten, within. @param {number} low @param {number} high */
function ticks(low, high) {
  const found = [];
  for (let power = Math.floor(low); power <= Math.ceil(high); power += 1) {
    for (const digit of high - low > 2.2 ? [1] : [1, 2, 5]) {
      const value = Number((digit * 10 ** power).toPrecision(1));
      if (Math.log10(value) >= low && Math.log10(value) <= high) found.push(value);
    }
  }
  return found;
}

/**
 * @param {ReturnType<typeof scales>} scale
 * @param {{ gflops: number, accuracy: number }} at
 * @param {string} className
 * @param {number} radius
 * @param {string} title
 */
function dot(scale, at, className, radius, title) {
  const place = { cx: scale.x(at.gflops), cy: scale.y(at.accuracy), r: radius, class: className };
  return draw("circle", place, draw("title", {}, title));
}
