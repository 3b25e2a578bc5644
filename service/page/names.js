// Models and rules by the names that people read.
import { called } from "./dom.js";
import { t } from "./words.js";

// A rule in the page's language.
export function ruleName(rule) {
  const words = t(`rule.${rule}`);
  return words === `rule.${rule}` ? called(rule) : words;
}

// Who answers: a model by its own name, or "the rule drift".
export const nameOf = (model) => (model.startsWith("rule:") ? t("compare.rule", { name: ruleName(model.slice(5)) }) : model);
