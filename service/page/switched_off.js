// What is switched off in each network of a view: nothing, one unit, or a gate where the cell has it.
import { CELLS, el } from "./dom.js";
import { t } from "./words.js";

const GATES = { simplernn: [], lstm: ["forget", "input", "output"], gru: ["update", "reset"] };
const MOST_UNITS = 10; // what the smallest of the networks has

// `kept` has the choice as `off`, "unit" or a gate's name, and the `unit`; ids begin with the `view`.
export function offChoice(view, kept, touch) {
  const choices = ["", "unit", ...CELLS.flatMap((cell) => GATES[cell])];
  const [offId, unitId] = [`${view}-off`, `${view}-unit`];
  const part = el("select", { id: offId }, choices.map((name) => el("option", { value: name }, t(name === "" ? "off.nothing" : `off.${name}`))));
  const unit = el("input", { type: "range", id: unitId, min: 1, max: MOST_UNITS });
  const count = el("output", { for: unitId });
  const units = el("div", { class: "slider" }, el("label", { for: unitId }, t("off.which")), unit, count);
  part.value = kept.off;
  if (part.value === "") kept.off = "";
  unit.value = kept.unit;
  const change = () => {
    Object.assign(kept, { off: part.value, unit: Number(unit.value) });
    touch();
  };
  part.addEventListener("change", change);
  unit.addEventListener("input", change);
  const node = el("div", { class: "row" }, el("div", { class: "field" }, el("label", { for: offId }, t("off.label")), part), units);

  function show(possible) {
    node.hidden = !possible;
    units.hidden = part.value !== "unit";
    count.textContent = unit.value;
  }
  return { node, show };
}

// What /inspect is told: nothing for a cell without that gate.
export function offOf(cell, { off, unit }) {
  if (off === "unit") return { off: { unit } };
  return GATES[cell].includes(off) ? { off: { gate: off } } : {};
}
