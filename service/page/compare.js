// Compare: cells and rules on one chart and in one table, the best marked, and what to beware of in sentences.
import { beginAnew, post } from "./api.js";
import { chartHost, draw } from "./chart.js";
import { candidatesChart } from "./candidates.js";
import { comparisonTable } from "./comparison_table.js";
import { curlOf } from "./curl.js";
import { called, el, written } from "./dom.js";
import { nameOf, ruleName } from "./names.js";
import { isPairs, posted, state } from "./sequence.js";
import { familyChoice } from "./families.js";
import { t } from "./words.js";

export function compareView(panel, { models, touch }) {
  const headline = el("p", { class: "headline", "aria-live": "polite" });
  const automatic = el("p", { class: "hint" });
  const family = familyChoice("compare", models, touch);
  const zoom = el("input", { type: "checkbox", id: "compare-zoom", onchange: touch });
  const host = chartHost(300);
  const table = comparisonTable();
  const warnings = el("ul", { class: "warnings", "aria-label": t("compare.warnings") });
  panel.append(family.node, headline, automatic, host, zoomChoice(zoom), table.node, warnings, curlOf("compare"));

  async function refresh() {
    const task = state.task;
    const compared = await ask(task, family.chosen(task));
    const candidates = gather(compared);
    const best = candidates.find((candidate) => candidate.name === compared.best.model);
    best.best = true;
    headline.textContent = t(`compare.best.${compared.best.by}`, { name: best.label, value: written(best.value) });
    automatic.textContent = compared.chosen === null ? "" : automatically(compared.chosen[0]);
    const truth = isPairs() ? trueMean() : state.truth;
    draw(host, summary(candidates, truth), candidatesChart(state.values, candidates, truth, zoom.checked));
    table.show(candidates, compared.best.by);
    const sentences = compared.results.flatMap((result) => result.warnings[0]);
    warnings.replaceChildren(...sentences.map((sentence) => el("li", { lang: "en" }, sentence)));
  }
  return { refresh };
}

const zoomChoice = (zoom) =>
  el("div", { class: "choice" }, zoom, el("label", { for: zoom.id }, t("compare.zoom")));

// The comparison, and what the service answers when no model is named.
async function ask(task, names) {
  beginAnew("compare");
  const target = isPairs() || state.truth === null ? {} : { target: state.truth };
  const models = names === null ? {} : { models: names };
  const chosen = isPairs() ? {} : { chosen: true };
  return post("compare", "compare", { task, sequence: posted(), ...target, ...models, ...chosen });
}

function gather({ results, rules }) {
  const networks = results.map((result) => ({
    name: result.model,
    label: shortName(result, results),
    cell: result.architecture,
    value: result.predictions[0],
    error: result.errors && result.errors[0],
    check: result.checks[0],
    parameters: result.parameters,
    duration: result.duration_us,
    intervals: result.intervals[0],
  }));
  const simple = rules.map((rule) => ({
    name: `rule:${rule.name}`,
    label: ruleName(rule.name),
    cell: null,
    value: rule.predictions[0],
    error: rule.errors && rule.errors[0],
    check: null,
    intervals: null,
  }));
  return [...networks, ...simple];
}

// "LSTM", or as much of the model's name as tells it from the others of its kind.
function shortName(result, results) {
  const alike = results.filter((other) => other.architecture === result.architecture);
  if (alike.length === 1) return called(result.architecture);
  return result.model.replace(/^textbook-/, "").replace("simplernn", "RNN");
}

function automatically(chosen) {
  return t("compare.automatic", { name: nameOf(chosen.model), value: written(chosen.value) });
}

const summary = (candidates, truth) =>
  t("compare.summary", {
    count: state.values.length,
    answers: candidates.map(({ label, value }) => `${label} ${written(value)}`).join(", "),
    truth: truth === null ? t("compare.unknown") : written(truth),
  });

// The memory task's exact answer: the mean of the values whose index is even.
function trueMean() {
  const even = state.values.filter((_, step) => state.indices[step] % 2 === 0);
  return even.length === 0 ? null : even.reduce((sum, value) => sum + value, 0) / even.length;
}
