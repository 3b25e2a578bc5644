// The comparison's one chart: the input, then each candidate's next value at its own place with its error bars.
import { around, marker, SHAPE_OF } from "./chart.js";
import { written } from "./dom.js";
import { isPairs, state } from "./sequence.js";
import { colour, font } from "./theme.js";
import { t } from "./words.js";

const SHARE = 0.5; // of the width, for the candidates
const MOST = 40; // values of the input that are shown

// What `draw` needs: options and data of uPlot.
export function candidatesChart(values, candidates, truth, zoomed) {
  return (width) => {
    const shown = values.slice(-Math.min(MOST, Math.max(8, Math.floor(width / 16))));
    const first = values.length - shown.length + 1;
    const gap = (shown.length * SHARE) / (1 - SHARE) / (candidates.length + 0.5);
    const places = candidates.map((_, n) => values.length + gap * (n + 1));
    const end = places.at(-1) + gap / 2;
    const bounds = candidates.flatMap(({ intervals }) => (intervals === null ? [] : Object.values(intervals).flat()));
    const answers = zoomed ? candidates.filter(({ cell }) => cell !== null) : candidates;
    const seen = [...answers.map(({ value }) => value), ...bounds, truth ?? NaN];
    const [low, high] = around(zoomed ? seen : [...shown, ...seen]);
    const tight = (width * SHARE) / candidates.length < 58;
    const options = {
      padding: [12, tight ? 28 : 12, 0, 0],
      scales: { x: { time: false, range: [first - 0.5, end] }, y: { range: [low, high] } },
      series: [{}, inputSeries()],
      axes: [
        {
          splits: () => [...steps(first, values.length), ...places],
          values: (_, splits) => splits.map((at) => (places.includes(at) ? candidates[places.indexOf(at)].label : at)),
          rotate: tight ? -40 : 0,
          size: tight ? 62 : 34,
          grid: { show: false },
        },
        {},
      ],
      hooks: {
        drawAxes: [(plot) => background(plot, values.length + gap / 2, end, truth)],
        draw: [(plot) => candidates.forEach((candidate, n) => one(plot, candidate, places[n]))],
      },
    };
    return { options, data: [shown.map((_, n) => first + n), shown] };
  };
}

export function inputSeries() {
  const shade = colour("input");
  const odd = (step) => isPairs() && state.indices[step] % 2 === 1;
  return {
    stroke: isPairs() ? "transparent" : shade,
    width: 2,
    points: {
      show: true,
      size: 6,
      stroke: shade,
      fill: shade,
      filter: (plot, series, show) => (show ? plot.data[0].flatMap((x, n) => (odd(x - 1) ? [] : [n])) : []),
    },
  };
}

function steps(first, last) {
  const by = Math.max(1, Math.ceil((last - first + 1) / 5));
  return Array.from({ length: Math.ceil((last - first + 1) / by) }, (_, n) => first + n * by);
}

// A tint behind the candidates, and the truth as a line across them.
function background(plot, from, to, truth) {
  const { ctx: context } = plot;
  const ratio = devicePixelRatio || 1;
  const [left, right] = [plot.valToPos(from, "x", true), plot.valToPos(to, "x", true)];
  context.save();
  context.fillStyle = colour("tint");
  context.fillRect(left, plot.bbox.top, right - left, plot.bbox.height);
  if (truth !== null) {
    const y = plot.valToPos(truth, "y", true);
    const foot = plot.bbox.top + plot.bbox.height - 6 * ratio;
    context.strokeStyle = context.fillStyle = colour("truth");
    context.lineWidth = 1.5 * ratio;
    context.setLineDash([6 * ratio, 4 * ratio]);
    context.beginPath();
    context.moveTo(left, y);
    context.lineTo(right, y);
    context.stroke();
    context.font = font(11 * ratio);
    context.textAlign = "left";
    context.fillText(t("compare.truth", { value: written(truth) }), left + 6 * ratio, foot);
  }
  context.restore();
}

function one(plot, { value, intervals, cell, best }, x) {
  const bars = intervals === null ? [] : ["95", "90", "80"].filter((level) => level in intervals).map((level) => intervals[level]);
  marker(plot, {
    x,
    y: value,
    bars,
    shade: colour(cell ?? "rule"),
    shape: SHAPE_OF[cell] ?? "circle",
    size: (cell === null ? 4 : 5.5) + (best ? 2 : 0),
  });
}
