// The record over the past: what would have been forecast from every place of the later half, by steps ahead.
import { post } from "./api.js";
import { around, chartHost, draw } from "./chart.js";
import { el, written } from "./dom.js";
import { nameOf, ruleName } from "./names.js";
import { colour } from "./theme.js";
import { t } from "./words.js";

const FEWEST = 4; // values that a record needs, and two for each step ahead

// {origins, own, beside, rule}: the answering model's and the seasonal naive rule's entries of /backtest by steps ahead.
// Null where the series is too short, or has gaps, which nothing can be judged on.
export async function askRecord(view, sequence, { model, values }, told) {
  if (sequence.length < FEWEST || sequence.includes(null)) return null;
  const horizon = Math.min(values.length, Math.floor(sequence.length / 2));
  const models = model.startsWith("rule:") ? {} : { models: [model] };
  const { origins, backtests } = await post(view, "backtest", { sequence, horizon, ...models, ...told });
  const of = (name) => backtests.filter((entry) => (entry.model ?? `rule:${entry.rule}`) === name);
  const seasonal = of("rule:seasonal_naive");
  const beside = seasonal.length > 0 ? seasonal : of("rule:naive");
  return { origins, own: of(model), beside, rule: beside[0].rule };
}

export function recordPanel() {
  const said = el("p", {});
  const host = chartHost(200);
  const own = el("li");
  const rule = el("li");
  const legend = el("ul", { class: "legend" }, own, rule);
  const help = el("p", { class: "hint" }, t("record.help"));
  const node = el("section", {}, el("h3", {}, t("record.title")), said, host, legend, help);

  function show(past, { model }) {
    const scaled = past !== null && past.own[0].mase !== null;
    for (const part of [host, legend, help]) part.hidden = !scaled;
    if (!scaled) {
      said.textContent = t(past === null ? "record.none" : "record.still");
      return;
    }
    const facts = { name: nameOf(model), rule: ruleName(past.rule), origins: past.origins, steps: past.own.length };
    const means = { mase: written(mean(past.own), 3), rule_mase: written(mean(past.beside), 3) };
    said.textContent = t("record.said", { ...facts, ...means });
    own.replaceChildren(el("span", { class: "key forecast" }), facts.name);
    rule.replaceChildren(el("span", { class: "key beside" }), facts.rule);
    draw(host, said.textContent, recordChart(past));
  }
  return { node, show };
}

const mean = (entries) => entries.reduce((sum, { mase }) => sum + mase, 0) / entries.length;

// What `draw` needs: options and data of uPlot.
function recordChart({ own, beside }) {
  return () => {
    const errors = [own, beside].map((entries) => entries.map(({ mase }) => mase));
    const points = { show: own.length < 40, size: 5 };
    const options = {
      scales: { x: { time: false, range: [0.5, own.length + 0.5] }, y: { range: [0, around(errors.flat())[1]] } },
      series: [
        {},
        { stroke: colour("forecast"), width: 2.5, points: { ...points, fill: colour("forecast") } },
        { stroke: colour("rule"), width: 1.5, dash: [2, 3], points: { ...points, fill: colour("rule") } },
      ],
      axes: [{ incrs: [1, 2, 5, 10, 20, 50] }, {}],
    };
    return { options, data: [own.map(({ horizon }) => horizon), ...errors] };
  };
}
