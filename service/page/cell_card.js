// One cell's card: its reading, the influence of each step, and a heat map with its formula for every part.
import { chartHost, draw } from "./chart.js";
import { formula, partsOf } from "./formulas.js";
import { heatMap } from "./heatmap.js";
import { byValue, influenceChart, parityChart } from "./bars.js";
import { called, el, written } from "./dom.js";
import { t } from "./words.js";

const SIGMOID = new Set(["forget", "input", "output", "update", "reset"]);

export function cellCard(cell) {
  const name = el("span", { class: "hint" });
  const answer = el("p", { class: "answer" });
  const without = el("p", { class: "without", "aria-live": "polite" });
  const reading = el("p", { class: "reading-sentence", lang: "en" });
  const facts = el("dl", { class: "facts" });
  const influence = chartHost(130);
  const parity = chartHost(150);
  const parityBlock = el(
    "div",
    {},
    el("h4", {}, t("inside.parity")),
    el("p", { class: "hint" }, t("inside.parity.help")),
    parity,
  );
  const parts = partsOf(cell).map((part) => ({ part, map: heatMap(t(`part.${part}`)) }));
  const node = el(
    "section",
    { class: `cell ${cell}`, "aria-label": called(cell) },
    el("h3", {}, called(cell), " ", name),
    answer,
    without,
    reading,
    facts,
    el("h4", {}, t("inside.influence")),
    influence,
    parityBlock,
    parts.map(({ part, map }) => [el("h4", {}, t(`part.${part}`), formula(cell, part)), map.node]),
  );

  function show(inspected, strongest) {
    const { steps, memory } = inspected;
    name.textContent = inspected.model;
    answer.textContent = t("inside.answer", { value: written(inspected.value, 5) });
    const lacks = inspected.without !== null;
    without.textContent = lacks ? t("off.answer", { value: written(inspected.without, 5) }) : "";
    reading.textContent = inspected.reading;
    showFacts(memory);
    draw(influence, influenceLabel(inspected), influenceChart(cell, steps, strongest));
    parityBlock.hidden = inspected.counterfactuals === null;
    if (inspected.counterfactuals !== null) {
      draw(parity, t("inside.parity.label", { cell: called(cell) }), parityChart(cell, inspected.counterfactuals));
    }
    for (const { part, map } of parts) showPart(part, map, steps);
  }

  function showFacts({ half_life: half, saturated, spectral_radius: radius, dead }) {
    const life = half === null ? t("facts.longer") : t("facts.steps", { count: half });
    const entries = { half: life, saturated: percent(saturated), dead: percent(dead), radius: written(radius, 3) };
    facts.replaceChildren(...Object.entries(entries).flatMap(([key, text]) => [el("dt", {}, t(`facts.${key}`)), el("dd", {}, text)]));
  }
  return { node, show };
}

function showPart(part, map, steps) {
  const rows = steps.map((step) => (part === "hidden" ? step.hidden : step.gates[part]));
  if (SIGMOID.has(part)) map.show(rows, 0, 1);
  else {
    const most = part === "cell" ? Math.max(1, ...rows.flat().map(Math.abs)) : 1;
    map.show(rows, -most, most);
  }
}

const percent = (part) => `${written(100 * part, 2)} %`;

function influenceLabel({ model, steps }) {
  const size = ({ influence }) => Math.abs(byValue(influence));
  const strongest = steps.reduce((a, b) => (size(b) > size(a) ? b : a));
  return t("inside.influence.label", { model, step: strongest.step, value: written(size(strongest), 3) });
}
