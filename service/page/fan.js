// The fan chart: input, forecast, bands from wide to narrow, what really comes where it is known, and a rule beside.
import { around } from "./chart.js";
import { el } from "./dom.js";
import { colour } from "./theme.js";
import { t } from "./words.js";

const LEVELS = ["95", "90", "80"];

// What `draw` needs: options and data of uPlot.
// `most` values of the input are shown; `beside` is how a rule continues it, if one is to be seen.
export function fanChart(values, { values: answers, intervals }, later, { most = 60, beside = [] } = {}) {
  return () => {
    const shown = values.slice(-most);
    const first = values.length - shown.length + 1;
    const ahead = answers.length;
    const nothing = (count) => Array(count).fill(null);
    // Everything that begins after the input starts from its last value.
    const after = (list) => [...nothing(shown.length - 1), shown.at(-1), ...list, ...nothing(ahead - list.length)];
    const levels = intervals === null ? [] : LEVELS.filter((level) => level in intervals);
    const bounds = levels.flatMap((level) => [after(intervals[level].upper), after(intervals[level].lower)]);
    const edge = { stroke: "transparent", points: { show: false } };
    const options = {
      scales: { x: { time: false }, y: { range: around([...shown, ...answers, ...later, ...beside, ...bounds.flat().filter((b) => b !== null)]) } },
      series: [
        {},
        ...bounds.map(() => edge),
        { stroke: colour("rule"), width: 1.5, dash: [2, 3], points: { show: false } },
        { stroke: colour("forecast"), width: 2.5, points: { show: ahead < 40, size: 5, fill: colour("forecast") } },
        { stroke: colour("truth"), width: 1.5, dash: [5, 4], points: { show: false } },
        { stroke: colour("input"), width: 2, points: { show: shown.length < 50, size: 5, fill: colour("input") } },
      ],
      bands: levels.map((level, n) => ({ series: [1 + 2 * n, 2 + 2 * n], fill: colour(`band${level}`) })),
    };
    const x = Array.from({ length: shown.length + ahead }, (_, n) => first + n);
    return { options, data: [x, ...bounds, after(beside), after(answers), after(later), [...shown, ...nothing(ahead)]] };
  };
}

export function fanLegend(items) {
  return el("ul", { class: "legend" }, items.map((item) => el("li", {}, el("span", { class: `key ${item}` }), t(`legend.${item}`))));
}
