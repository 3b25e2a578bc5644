// How much of each earlier state is left in the last one, one line per cell, on a logarithmic scale.
import { DASH_OF } from "./chart.js";
import { CELLS } from "./dom.js";
import { colour } from "./theme.js";

const LEAST = 1e-4; // shown share; less is as good as gone

// What `draw` needs: options and data of uPlot.
export function retainedChart(answers) {
  return () => {
    const first = Math.min(...answers.map(({ steps }) => steps[0].step));
    const last = Math.max(...answers.map(({ steps }) => steps.at(-1).step));
    const x = Array.from({ length: last - first + 1 }, (_, n) => first + n);
    const lines = answers.map(({ memory, steps }) => {
      const before = Array(steps[0].step - first).fill(null);
      return [...before, ...memory.retained.map((kept) => Math.max(kept, LEAST))];
    });
    const most = Math.max(1, ...answers.flatMap(({ memory }) => memory.retained));
    const options = {
      scales: { x: { time: false }, y: { distr: 3, range: [LEAST, most * 1.5] } },
      series: [{}, ...CELLS.map((cell) => line(cell, x.length < 50))],
      axes: [{}, { values: (_, splits) => splits.map(percent), filter: (_, splits) => splits.map((at) => (whole(at) ? at : null)), size: 56 }],
    };
    return { options, data: [x, ...lines] };
  };
}

function line(cell, points) {
  const shade = colour(cell);
  return { stroke: shade, width: 2.5, dash: DASH_OF[cell], points: { show: points, size: 5, fill: shade } };
}

// Only whole powers of ten get a line and a label.
const whole = (value) => Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9;

const percent = (value) => (value === null ? "" : `${Number((100 * value).toPrecision(1))} %`);
