// The comparison as a table: the same numbers as the chart, and what they cost.
import { el, grouped, written } from "./dom.js";
import { ruleName } from "./names.js";
import { t } from "./words.js";

export function comparisonTable() {
  const head = el("tr", {}, ["name", "value", "error", "interval", "check", "parameters", "time"].map(column));
  const body = el("tbody");
  const table = el("table", {}, el("caption", { class: "hidden" }, t("compare.caption")), el("thead", {}, head), body);
  const node = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("compare.caption") }, table);

  function show(candidates, by) {
    body.replaceChildren(...candidates.map((candidate) => row(candidate, by)));
  }
  return { node, show };
}

const column = (name) => el("th", { scope: "col" }, t(`column.${name}`));

function row({ name, label, cell, value, error, intervals, check, parameters, duration, best }, by) {
  const swatch = el("span", { class: `swatch ${cell ?? "rule"}`, "aria-hidden": true });
  const star = best ? el("span", { class: "best" }, t("compare.star", { by: t(`by.${by}`) })) : null;
  const interval = intervals?.["90"];
  return el(
    "tr",
    { class: best ? "is-best" : undefined, "data-name": name },
    el("th", { scope: "row", title: name }, swatch, label, star),
    el("td", {}, written(value, 5)),
    el("td", {}, error === null ? "–" : written(error, 3)),
    el("td", {}, interval ? `${written(interval[0], 3)} … ${written(interval[1], 3)}` : "–"),
    el("td", { class: "record" }, check ? verdict(check) : "–"),
    el("td", {}, parameters === undefined ? "0" : grouped(parameters)),
    el("td", {}, duration === undefined ? "–" : grouped(duration)),
  );
}

// "loses: 0.052 against AR(2)'s 0.010", the first word as a badge.
export function verdict(check) {
  const rule = ruleName(check.rule);
  const numbers = t("check.numbers", { mae: written(check.mae, 2), rule, rule_mae: written(check.rule_mae, 2) });
  return el("span", {}, el("span", { class: `badge ${check.verdict}` }, t(`verdict.${check.verdict}`)), " ", numbers);
}
