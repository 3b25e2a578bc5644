// The next values as a table, beside the seasonal naive rule's and the errors of the past; copied, it goes into a sheet.
import { copyButton } from "./copy.js";
import { el, written } from "./dom.js";
import { t } from "./words.js";

const LEVELS = ["80", "95"];
const COLUMNS = ["step", "value", ...LEVELS.flatMap((level) => [`low${level}`, `high${level}`]), "beside", "error"];
const DIGITS = 10; // that are copied

export function nextTable() {
  const head = el("tr");
  const body = el("tbody");
  const table = el("table", {}, el("caption", { class: "hidden" }, t("next.title")), el("thead", {}, head), body);
  const scroll = el("div", { class: "scroll next", tabindex: "0", role: "region", "aria-label": t("next.title") }, table);
  let names = [];
  let rows = [];
  const button = copyButton("next.copy", () => separated(names, rows), () => table);
  const node = el("section", {}, el("div", { class: "heading" }, el("h3", {}, t("next.title")), button), scroll);

  function show({ values, intervals }, beside, past, season) {
    names = COLUMNS.map((name) => t(`next.${name === "beside" && season === 1 ? "last" : name}`));
    rows = values.map((value, n) => [
      n + 1,
      value,
      ...LEVELS.flatMap((level) => [intervals?.[level].lower[n] ?? null, intervals?.[level].upper[n] ?? null]),
      beside[n],
      past?.own[n]?.mae ?? null,
    ]);
    head.replaceChildren(...names.map((name) => el("th", { scope: "col" }, name)));
    body.replaceChildren(...rows.map(row));
  }
  return { node, show };
}

const row = ([step, ...numbers]) =>
  el("tr", {}, el("th", { scope: "row" }, step), numbers.map((number) => el("td", {}, written(number))));

// Tabs between cells, as sheets take them.
function separated(names, rows) {
  const cell = (value) => (value === null ? "" : String(Number(value.toPrecision(DIGITS))));
  return [names, ...rows.map((numbers) => numbers.map(cell))].map((cells) => cells.join("\t")).join("\n");
}
