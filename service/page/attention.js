// Where a network looked: a row for each symbol that it wrote, a column for each character that it read.
import { el, written } from "./dom.js";
import { t } from "./words.js";

const shown = (symbol) => (symbol === " " ? "␣" : symbol === "" ? "⏎" : symbol);

export function attentionTable(label = t("texts.attention")) {
  const head = el("tr");
  const body = el("tbody");
  const caption = el("caption", { class: "hidden" }, label);
  const table = el("table", { class: "attention" }, caption, el("thead", {}, head), body);
  const node = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, table);

  // `characters` that were read, and the answer of /generate.
  function show(characters, { steps, attention }) {
    head.replaceChildren(el("td"), ...characters.map((each) => el("th", { scope: "col" }, shown(each))));
    body.replaceChildren(...steps.map((step, row) => el("tr", {}, symbol(step), cells(attention[row]))));
  }
  return { node, show };
}

// What was written, and what else was likely there.
function symbol({ output, alternatives }) {
  const likely = alternatives.map((other) => `${shown(other.output)} ${written(100 * other.probability, 3)} %`);
  return el("th", { scope: "row", title: likely.join("  ") }, shown(output));
}

function cells(shares) {
  return shares.map((share) => {
    const percent = Math.round(100 * share);
    const cell = el("td", { title: `${percent} %` }, el("span", { class: "hidden" }, `${percent} %`));
    cell.style.setProperty("--share", `${percent}%`);
    return cell;
  });
}
