// Inside: the three cells side by side, what each keeps of the past, and every gate over time.
import { settings } from "./address.js";
import { beginAnew, post } from "./api.js";
import { byValue } from "./bars.js";
import { cellCard } from "./cell_card.js";
import { chartHost, draw } from "./chart.js";
import { curlOf } from "./curl.js";
import { called, CELLS, el, written } from "./dom.js";
import { posted, state } from "./sequence.js";
import { retainedChart } from "./retained.js";
import { offChoice, offOf } from "./switched_off.js";
import { t } from "./words.js";

// Steps that are inspected: as many as the service takes, but of the general models, which take seconds for so many.
const most = () => (state.task === "series" ? 36 : 128);
const remembered = settings("inside", { textbook: false, off: "", unit: 1 });

export function insideView(panel, { models, touch }) {
  const textbook = el("input", { type: "checkbox", id: "inside-textbook" });
  textbook.checked = remembered.textbook;
  textbook.addEventListener("change", () => {
    remembered.textbook = textbook.checked;
    touch();
  });
  const off = offChoice("inside", remembered, touch);
  const cut = el("p", { class: "hint" });
  const headline = el("p", { class: "headline", "aria-live": "polite" });
  const host = chartHost(240);
  const legend = el(
    "ul",
    { class: "legend" },
    CELLS.map((cell) => el("li", {}, el("span", { class: `key ${cell}` }), called(cell))),
  );
  const cards = CELLS.map((cell) => cellCard(cell));
  panel.append(
    el("div", { class: "choice" }, textbook, el("label", { for: "inside-textbook" }, t("family.textbook"))),
    off.node,
    headline,
    cut,
    el("h3", {}, t("inside.retained")),
    el("p", { class: "hint" }, t("inside.retained.help")),
    host,
    legend,
    el("div", { class: "cells" }, cards.map((card) => card.node)),
    el("p", { class: "hint" }, t("inside.keras")),
    curlOf("inside"),
  );

  async function refresh() {
    const names = CELLS.map((cell) => modelFor(cell, models, textbook.checked));
    const sequence = posted().slice(-most());
    cut.textContent = sequence.length < state.values.length ? t("inside.cut", { count: sequence.length }) : "";
    beginAnew("inside");
    const answers = [];
    const whole = state.task === "series"; // of a general model nothing is switched off
    off.show(!whole);
    for (const [n, model] of names.entries()) {
      const without = whole ? {} : offOf(CELLS[n], remembered);
      answers.push(await post("inside", "inspect", { model, sequence, ...without })); // none waits for another
    }
    const kept = answers.map((answer) => answer.memory.retained[0]);
    const facts = CELLS.map((cell, n) => `${called(cell)} ${share(kept[n])}`).join(", ");
    headline.textContent = t("inside.headline", { facts, step: answers[0].steps[0].step });
    draw(host, t("inside.summary", { facts }), retainedChart(answers));
    const strongest = Math.max(...answers.flatMap(({ steps }) => steps.map(({ influence }) => Math.abs(byValue(influence)))));
    answers.forEach((answer, n) => cards[n].show(answer, strongest));
  }
  return { refresh };
}

const share = (part) => (part < 0.0005 ? "0 %" : `${written(100 * part, 2)} %`);

// The task's own model of a cell, or the textbook's.
function modelFor(cell, models, textbook) {
  const own = `${state.task}-${cell}`;
  if (!textbook) return own;
  const alike = models.filter((model) => model.family === "textbook" && model.task === state.task);
  const ofCell = alike.filter((model) => model.architecture === cell).map((model) => model.name);
  return ofCell.find((name) => name.endsWith(`-${cell}`)) ?? ofCell[0] ?? own;
}
