// The choice between the tuned models of a task and the textbook's.
import { el } from "./dom.js";
import { t } from "./words.js";

const remembered = {};

// `chosen(task)` gives the names to ask for, or null for the task's own three.
export function familyChoice(view, models, touch) {
  const input = el("input", { type: "checkbox", id: `${view}-textbook` });
  input.checked = remembered[view] ?? false;
  const node = el("div", { class: "choice" }, input, el("label", { for: input.id }, t("family.textbook")));
  input.addEventListener("change", () => {
    remembered[view] = input.checked;
    touch();
  });
  function chosen(task) {
    const textbook = models.filter((model) => model.task === task && model.family === "textbook");
    node.hidden = textbook.length === 0;
    return input.checked && textbook.length > 0 ? textbook.map((model) => model.name) : null;
  }
  return { node, chosen };
}
