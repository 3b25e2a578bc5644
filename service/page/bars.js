// Bars over time: the influence of each step on the answer, and what flipping an index changes.
/* global uPlot */
import { around } from "./chart.js";
import { colour } from "./theme.js";
import { t } from "./words.js";

// Of a pair, the influence of its value.
export const byValue = (influence) => (Array.isArray(influence) ? influence[1] : influence);

// What `draw` needs. `strongest` is the largest influence of all three cells, so that their bars can be compared.
export function influenceChart(cell, steps, strongest) {
  return () => ({
    options: {
      scales: { x: { time: false, range: ends(steps) }, y: { range: [-1.1 * strongest, 1.1 * strongest] } },
      series: [{}, bars(colour(cell), 0.8)],
      axes: [{}, { size: 48, space: 18 }],
    },
    data: [steps.map(({ step }) => step), steps.map(({ influence }) => byValue(influence))],
  });
}

// The model's change beside the exact one (hollow), for each step whose parity is flipped.
export function parityChart(cell, counterfactuals) {
  const exact = counterfactuals.map(({ exact_change: change }) => change);
  const model = counterfactuals.map(({ model_change: change }) => change);
  return () => ({
    options: {
      scales: { x: { time: false, range: ends(counterfactuals) }, y: { range: around([0, ...exact, ...model].filter((v) => v !== null)) } },
      series: [
        {},
        { ...bars(colour("truth"), 0.9), fill: "transparent", label: t("inside.exact") },
        { ...bars(colour(cell), 0.5), label: t("inside.model") },
      ],
      axes: [{}, { size: 48, space: 18 }],
    },
    data: [counterfactuals.map(({ step }) => step), exact, model],
  });
}

const ends = (steps) => [steps[0].step - 0.6, steps.at(-1).step + 0.6];

const bars = (shade, width) => ({
  stroke: shade,
  fill: shade,
  width: 1,
  paths: uPlot.paths.bars({ size: [width, 40] }),
  points: { show: false },
});
