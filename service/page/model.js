// The model that answers: its labels, its curve, what each component costs.

import { drawChart } from "./chart.js";
import { denseGflops, promise, stops } from "./curve.js";
import { bar, byId, make } from "./dom.js";
import { count, digits, modality, percent } from "./words.js";

/** @typedef {import("./types").Macs} Macs */
/** @typedef {import("./types").Model} Model */

/** @param {Model} model */
export function showModel(model) {
  byId("model-name").textContent = model.name;
  byId("model-facts").textContent = [
    `version ${model.version}`,
    model.modalities.map(modality).join(", "),
    `decoder ${model.decoder}`,
    `everything: ${digits(denseGflops(model))} GFLOPs for ${count(model.spec.eval_segments, "segment")}`,
  ].join(" · ");
  showCosts(model);
  showCurve(model);
  showLabels(model.labels);
}

/** @param {Model} model */
function showCosts({ spec: { costs } }) {
  byId("model-costs-card").hidden = !costs;
  if (!costs) return;
  const rows = [
    ...Object.entries(costs.recognition).map(([name, macs]) => ({ name, title: modality(name), macs: sum(macs) })),
    ...Object.entries(costs.policy_branches).map(([name, macs]) => ({
      name: "policy",
      title: `Policy, ${modality(name)}`,
      macs: sum(macs),
    })),
    { name: "policy", title: "Policy, joint", macs: sum(costs.policy_joint) },
  ];
  const most = Math.max(...rows.map(({ macs }) => macs)) || 1;
  byId("model-costs").replaceChildren(
    ...rows.map(({ name, title, macs }) => bar(title, [[name, macs / most]], `${digits(macs / 1e6)} M`)),
  );
}

/** @param {Macs} macs */
function sum({ conv, linear, lstm }) {
  return conv + linear + lstm;
}

/** @param {Model} model */
function showCurve(model) {
  const points = stops(model);
  byId("model-curve-card").hidden = points.length < 2;
  if (points.length < 2) return;
  drawChart(byId("model-chart"), points, []);
  byId("model-points").replaceChildren(
    ...points.map((point) => {
      const cells = [digits(point.gflops), promise(point), String(point.segments), point.threshold.toFixed(3)];
      return make("tr", {}, ...cells.map((text) => make("td", { className: "number", text })));
    }),
  );
}

/** @param {string[]} labels */
function showLabels(labels) {
  byId("labels-title").textContent = count(labels.length, "label");
  const filter = /** @type {HTMLInputElement} */ (byId("label-filter"));
  byId("label-filter-row").hidden = labels.length < 30;
  const draw = () => {
    const wanted = filter.value.trim().toLowerCase();
    const found = labels.filter((label) => label.toLowerCase().includes(wanted));
    byId("labels").replaceChildren(...found.map((label) => make("li", { text: label, title: label })));
    byId("labels-none").hidden = found.length > 0;
  };
  filter.oninput = draw;
  draw();
}
