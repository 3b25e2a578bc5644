// Live quality: the models' errors on outcomes that clients reported, beside the rules, where the service keeps them.
import { get } from "./api.js";
import { el, grouped, written } from "./dom.js";
import { t } from "./words.js";

let offered = null; // whether this service has /quality

export function qualityTable() {
  const body = el("tbody");
  const note = el("p", { class: "hint" });
  const columns = ["model", "task", "outcomes", "mae", "rule_mae", "skill", "verdict"];
  const head = el("tr", {}, columns.map((name) => el("th", { scope: "col" }, t(`quality.${name}`))));
  const table = el("table", {}, el("caption", { class: "hidden" }, t("quality.title")), el("thead", {}, head), body);
  const scroll = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("quality.title") }, table);
  const node = el("section", { hidden: true }, el("h3", {}, t("quality.title")), note, scroll);

  async function show() {
    offered ??= "/quality" in (await get(null, "openapi.json")).paths;
    node.hidden = !offered;
    if (!offered) return;
    const { models } = await get("log", "quality");
    note.textContent = t(models.length === 0 ? "quality.none" : "quality.help");
    scroll.hidden = models.length === 0;
    body.replaceChildren(...models.map(row));
  }
  return { node, show };
}

function row({ model, task, later, outcomes, mae, rule_mae: ruleMae, skill, verdict }) {
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, model, later ? ` ${t("quality.later")}` : ""),
    el("td", {}, task ?? "–"),
    el("td", {}, grouped(outcomes)),
    el("td", {}, written(mae, 3)),
    el("td", {}, written(ruleMae, 3)),
    el("td", {}, written(skill, 2)),
    el("td", {}, verdict ? el("span", { class: `badge ${verdict}` }, t(`verdict.${verdict}`)) : "–"),
  );
}
