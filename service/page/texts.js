// Texts: a date that people wrote and where the network looked; a sentence that is stretched until a cell loses it.
import { settings } from "./address.js";
import { beginAnew, post } from "./api.js";
import { attentionTable } from "./attention.js";
import { curlOf } from "./curl.js";
import { called, CELLS, el, written } from "./dom.js";
import { gradients } from "./gradients.js";
import { sentence } from "./sentence.js";
import { offChoice, offOf } from "./switched_off.js";
import { t } from "./words.js";

const DATES = ["3 Nov 26", "2026년 11월 3일", "November 3, 2026", "2026. 11. 3.", "31 Feb 2026"];
const remembered = settings("texts", { date: DATES[0], cell: "gru", between: 20, off: "", unit: 1 });

export function textsView(panel, { models, touch }) {
  const served = (task) => CELLS.filter((cell) => models.some(({ name }) => name === `${task}-${cell}`));
  const recalling = served("recall");
  const parts = [
    dates(served("translate-date"), touch),
    stretched(recalling, touch),
    recalling.length > 0 ? gradients("texts", recalling) : null,
  ].filter(Boolean);
  panel.append(el("p", { class: "hint" }, t("texts.help")), ...parts.map(({ node }) => node), curlOf("texts"));

  async function refresh() {
    beginAnew("texts");
    for (const part of parts) await part.refresh();
  }
  return { refresh };
}

// One of the cells writes the date; the table shows where it looked.
function dates(cells, touch) {
  if (cells.length === 0) return null;
  const input = el("input", { id: "date", type: "text", maxlength: 40, autocomplete: "off", spellcheck: "false" });
  input.value = remembered.date;
  input.addEventListener("input", () => {
    remembered.date = input.value;
    touch();
  });
  const chosen = el(
    "select",
    { id: "date-cell" },
    cells.map((cell) => el("option", { value: cell }, called(cell))),
  );
  chosen.value = cells.includes(remembered.cell) ? remembered.cell : cells[0];
  chosen.addEventListener("change", () => {
    remembered.cell = chosen.value;
    touch();
  });
  const examples = DATES.map((text) => el("button", { type: "button", onclick: () => use(text) }, text));
  const output = el("output", { class: "written", for: "date" });
  const chance = el("p", { class: "hint", "aria-live": "polite" });
  const check = el("p", {});
  const warnings = el("ul", { class: "warnings", lang: "en" });
  const looked = attentionTable();
  const node = el(
    "section",
    { "aria-label": t("task.translate-date") },
    el("h3", {}, t("texts.dates")),
    el("div", { class: "row" }, field("date", input), field("date-cell", chosen)),
    el("div", { class: "row" }, examples),
    output,
    chance,
    check,
    warnings,
    el("h4", {}, t("texts.attention")),
    el("p", { class: "hint" }, t("texts.attention.help")),
    looked.node,
  );

  function use(text) {
    input.value = remembered.date = text;
    touch();
  }

  async function refresh() {
    if (input.value === "") return;
    const found = await post("texts", "generate", { model: `translate-date-${chosen.value}`, input: input.value });
    output.textContent = found.output;
    chance.textContent = t("texts.chance", { percent: percent(found.probability), cell: called(chosen.value) });
    check.replaceChildren(...verdict(found.check));
    warnings.replaceChildren(...found.warnings.map((each) => el("li", {}, each)));
    looked.show([...input.value], found);
  }
  return { node, refresh };
}

// The same sentence, read by each cell: who still knows at its end how it began?
function stretched(cells, touch) {
  if (cells.length === 0) return null;
  const slider = el("input", { id: "between", type: "range", min: 2, max: 240, value: remembered.between });
  const count = el("output", { for: "between" });
  slider.addEventListener("input", () => {
    remembered.between = Number(slider.value);
    touch();
  });
  const said = el("p", { class: "sentence", lang: "en", tabindex: "0" });
  const off = offChoice("texts", remembered, touch);
  const body = el("tbody");
  const head = el("tr");
  const table = el("table", {}, el("caption", { class: "hidden" }, t("texts.recall")), el("thead", {}, head), body);
  const node = el(
    "section",
    { "aria-label": t("task.recall") },
    el("h3", {}, t("texts.recall")),
    el("p", { class: "hint" }, t("texts.recall.help")),
    el("div", { class: "slider" }, el("label", { for: "between" }, t("recall.between")), slider, count),
    off.node,
    said,
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("texts.recall") }, table),
  );

  async function refresh() {
    const between = Number(slider.value);
    const input = sentence(between);
    count.textContent = String(between);
    off.show(true);
    said.textContent = input;
    const { results } = await post("texts", "compare", { task: "recall", sequence: input });
    const lacking = await Promise.all(results.map((result) => without(result, input)));
    const columns = ["cell", "answer", "chance", "right", ...(lacking.some(Boolean) ? ["without"] : [])];
    head.replaceChildren(...columns.map((name) => el("th", { scope: "col" }, t(`recall.${name}`))));
    body.replaceChildren(...results.map((result, n) => row(result, lacking[n], columns.length)));
  }
  return { node, refresh };
}

// What a cell would answer without the part that is switched off; null where nothing is, or it has no such part.
async function without({ model, architecture: cell }, input) {
  const part = offOf(cell, remembered);
  return "off" in part ? post("texts", "inspect", { model, sequence: input, ...part }) : null;
}

// One cell's answer, and whether it is the right one; and what it would be without a part, where there is a column for it.
function row({ architecture: cell, outputs, probabilities, checks }, lacking, columns) {
  const [badge, word] = checks[0].agree ? ["beats", "recall.yes"] : ["loses", "recall.no"];
  const name = el("th", { scope: "row" }, el("span", { class: `swatch ${cell}` }), called(cell));
  const answers = [outputs[0], percent(probabilities[0]), el("span", { class: `badge ${badge}` }, t(word))];
  if (columns > answers.length + 1) answers.push(lacking?.without_output ?? "–");
  return el("tr", {}, name, answers.map((answer) => el("td", {}, answer)));
}

function field(id, input) {
  return el("div", { class: "field" }, el("label", { for: id }, t(`texts.${id}`)), input);
}

function verdict({ rule, rule_output: answer, agree }) {
  const name = t(`rule.${rule}`);
  if (agree === null) return [t("texts.unruled", { rule: name })];
  return [el("span", { class: `badge ${agree ? "beats" : "loses"}` }, t("texts.rule", { rule: name, answer }))];
}

const percent = (share) => `${written(100 * share, 4)} %`;
