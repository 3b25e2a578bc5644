// How much of the error came back to each word while the recall models learnt: a chart for each cell, from its card.
import { get } from "./api.js";
import { chartHost, draw } from "./chart.js";
import { called, el, grouped, written } from "./dom.js";
import { colour } from "./theme.js";
import { t } from "./words.js";

const MARKS = [1e-6, 1e-4, 1e-2, 1, 100]; // on the shares' axis; what is outside is drawn at its ends
const COUNTRY = 2; // its place in "born in texas"
// From dotted, before the first update, to solid, at the end.
const DASHES = [[2, 4], [5, 5], [9, 4], [15, 4], []];

// A section that fills itself at its first refresh, and stays hidden where no card tells.
export function gradients(view, cells) {
  const charts = el("div", { class: "cells" });
  const head = el("tr");
  const body = el("tbody");
  const caption = el("caption", {});
  const table = el("table", {}, caption, el("thead", {}, head), body);
  const node = el(
    "section",
    { "aria-label": t("gradient.title"), hidden: true },
    el("h3", {}, t("gradient.title")),
    el("p", { class: "hint" }, t("gradient.help")),
    charts,
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("gradient.ends") }, table),
  );
  let asked = false;

  async function refresh() {
    if (asked) return;
    const cards = await Promise.all(cells.map((cell) => get(view, `models/recall-${cell}`)));
    asked = true;
    const told = cards.filter(({ training }) => training.flow !== null);
    node.hidden = told.length === 0;
    if (!node.hidden) show(told.map(({ architecture: cell, training }) => ({ cell, flow: training.flow })));
  }

  function show(told) {
    charts.replaceChildren(...told.map(chart));
    const back = told[0].flow[0].norms.length - 1 - COUNTRY;
    caption.textContent = t("gradient.country", { back });
    head.replaceChildren(...[t("gradient.moment"), ...told.map(({ cell }) => called(cell))].map((name) => el("th", { scope: "col" }, name)));
    body.replaceChildren(...told[0].flow.map(({ updates }, moment) => row(updates, told.map(({ flow }) => shares(flow[moment])[back]))));
  }
  return { node, refresh };
}

const shares = ({ norms }) => norms.map((norm) => norm / norms[0]);

function row(updates, found) {
  const name = updates === 0 ? t("gradient.before") : t("gradient.after", { updates: grouped(updates) });
  return el("tr", {}, el("th", { scope: "row" }, name), found.map((share) => el("td", {}, percent(share))));
}

function chart({ cell, flow }) {
  const host = chartHost(190);
  const [least, most] = [MARKS[0], MARKS.at(-1)];
  const shown = flow.map((moment) => shares(moment).map((share) => Math.min(Math.max(share, least), most)).reverse());
  const last = flow[0].norms.length - 1;
  const steps = Array.from({ length: last + 1 }, (_, step) => step - last);
  draw(host, t("gradient.label", { cell: called(cell) }), () => ({
    options: {
      scales: { x: { time: false }, y: { distr: 3, range: [least, most] } },
      series: [{}, ...flow.map((_, moment) => line(cell, moment, flow.length))],
      axes: [{}, { splits: () => MARKS, values: (_, splits) => splits.map(percent), filter: (_, splits) => splits, size: 64 }],
    },
    data: [steps, ...shown],
  }));
  return el("section", { class: `cell ${cell}`, "aria-label": called(cell) }, el("h4", {}, called(cell)), host);
}

function line(cell, moment, moments) {
  const dash = DASHES[Math.round((moment * (DASHES.length - 1)) / Math.max(moments - 1, 1))];
  return { stroke: colour(cell), width: 1.5 + moment / Math.max(moments - 1, 1), dash, points: { show: false } };
}

const percent = (share) => `${written(100 * share, 2)} %`;
