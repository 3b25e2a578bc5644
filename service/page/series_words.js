// Who answers, why, and under which season, in plain words.
import { el, written } from "./dom.js";
import { nameOf, ruleName } from "./names.js";
import { t } from "./words.js";

const LEAST = 0.005; // of the mixture; less is not worth a word

// The season of the answer in steps, the longest where there are several; 1 where there is none.
export const seasonNow = ({ season }) => (season === null ? 1 : Math.max(...season.steps));

// "beats: series-gru did better than the simplest rules …", with the numbers that say so.
export function whoAnswers({ model, check }) {
  const name = nameOf(model);
  if (check === null) return el("p", {}, t("series.unchecked", { name }));
  const { origins, horizon, mae, rule, rule_mae: ruleMae, verdict } = check;
  const tried = t(origins === 1 ? "series.tried.once" : "series.tried", { origins, horizon });
  const facts = { name, tried, mae: written(mae, 3), rule: ruleName(rule), rule_mae: written(ruleMae, 3) };
  if (model.startsWith("rule:")) return el("p", {}, t("series.by.rule", facts));
  const badge = el("span", { class: `badge ${verdict}` }, t(`verdict.${verdict}`));
  return el("p", {}, badge, " ", t(`series.${verdict}`, facts));
}

// "Season: 12 steps, found in the series. Mixed …".
export function seasonWords(season) {
  if (season === null) return "";
  const { steps, told, weights } = season;
  const none = steps.every((each) => each === 1);
  const under = t(none ? "series.under.none" : told ? "series.under.told" : "series.under.found", { steps: steps.join(", ") });
  if (weights === null) return el("p", {}, under);
  const parts = Object.entries(weights)
    .filter(([, weight]) => weight >= LEAST)
    .sort(([, a], [, b]) => b - a)
    .map(([key, weight]) => t("series.part", { share: Math.round(100 * weight), part: partName(key) }));
  return el("p", {}, under, " ", t("series.mixed", { parts: parts.join(", ") }));
}

// Of a mixture's part: "12" is the network under that season, "seasonal naive 12" the rule.
function partName(key) {
  const rule = /^seasonal naive (.+)$/.exec(key);
  if (rule !== null) return rule[1] === "1" ? t("series.part.last") : t("series.part.rule", { season: rule[1] });
  return key === "1" ? t("series.part.plain") : t("series.part.season", { season: key });
}
