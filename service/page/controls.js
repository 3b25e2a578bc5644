// The panel that makes the sequence: pasted numbers, examples, presets with sliders, the drawing surface, indices.
import { drawingSurface } from "./draw.js";
import { el, written } from "./dom.js";
import { EXAMPLES } from "./examples.js";
import { pasteBox } from "./paste.js";
import { PRESETS } from "./presets.js";
import { isPairs, onSequence, reseed, setIndex, setTask, setTruth, state, useExample, usePreset } from "./sequence.js";
import { onLanguage, t } from "./words.js";

// `valueTasks` are the tasks whose models read plain numbers; known once the service has answered.
export function controls(panel, valueTasks) {
  const place = el("div", { class: "controls" });
  panel.append(place);
  let show = build(place, valueTasks);
  onSequence(() => show());
  onLanguage(() => {
    place.replaceChildren();
    show = build(place, valueTasks);
    show();
  });
}

function build(place, valueTasks) {
  const presets = startChoice();
  const surface = drawingSurface();
  const sliders = sliderSet();
  const indices = indexSet();
  const reseedButton = el("button", { type: "button", class: "quiet", onclick: reseed });
  const known = knownNext();
  const task = taskChoice(valueTasks);
  place.append(
    pasteBox(),
    presets.node,
    surface.canvas,
    el("div", {}, presets.about, el("p", { class: "hint", id: "draw-help" }, t("draw.help"))),
    indices.node,
    sliders.node,
    reseedButton,
    known.node,
    task.node,
  );
  return () => {
    presets.show();
    surface.show();
    sliders.show();
    indices.show();
    known.show();
    task.show();
    reseedButton.textContent = t(isPairs() ? "reseed.indices" : "reseed.noise");
    reseedButton.hidden = !(state.preset in PRESETS);
  };
}

// Examples and presets, one choice in two groups. What was chosen stands below the surface, which so stays in its place.
function startChoice() {
  const about = el("p", { class: "hint about" });
  const node = el("div", { class: "starts" }, group("example", EXAMPLES, useExample), group("preset", PRESETS, usePreset));
  const show = () => {
    for (const input of node.querySelectorAll("input")) input.checked = input.value === state.preset;
    about.textContent = t(described(state.preset), { count: state.values.length });
  };
  return { node, about, show };
}

const described = (preset) => (preset === null ? "preset.own" : preset in EXAMPLES ? `about.${preset}` : "preset.made");

function group(kind, choices, use) {
  const choice = (name) => [
    el("input", { type: "radio", name: "preset", id: `preset-${name}`, value: name, onchange: () => use(name) }),
    el("label", { for: `preset-${name}` }, t(`${kind}.${name}`)),
  ];
  return el("fieldset", { class: "segments" }, el("legend", {}, t(`${kind}.legend`)), Object.keys(choices).map(choice));
}

// The sliders of the preset; they stay when the curve is drawn over, and moving one starts the preset again.
function sliderSet() {
  const node = el("div", { class: "sliders" });
  let shown = null;
  let outputs = {};
  function show() {
    const preset = state.preset ?? shown;
    node.hidden = !(preset in PRESETS);
    if (preset !== shown) fill(preset);
    for (const [name, { input, output }] of Object.entries(outputs)) {
      const value = state.settings[preset][name];
      if (Number(input.value) !== value) input.value = String(value);
      output.textContent = written(value);
    }
  }
  function fill(preset) {
    shown = preset;
    outputs = {};
    node.replaceChildren();
    if (node.hidden) return;
    for (const [name, { from, to, by }] of Object.entries(PRESETS[preset])) {
      const input = el("input", { type: "range", id: `set-${name}`, min: from, max: to, step: by });
      input.addEventListener("input", () => usePreset(preset, { [name]: Number(input.value) }));
      const output = el("output", { for: input.id });
      outputs[name] = { input, output };
      node.append(el("div", { class: "slider" }, el("label", { for: input.id }, t(`set.${name}`)), input, output));
    }
  }
  return { node, show };
}

// One button per index: pressed means even, so its value counts. A click changes the parity, as in the counterfactuals.
function indexSet() {
  const buttons = el("div", { class: "indices", role: "group", "aria-label": t("indices.label") });
  const node = el("div", {}, el("p", { class: "hint" }, t("indices.help")), buttons);
  function show() {
    node.hidden = !isPairs();
    if (!isPairs()) return;
    while (buttons.children.length > state.values.length) buttons.lastChild.remove();
    for (let step = buttons.children.length; step < state.values.length; step += 1) {
      buttons.append(el("button", { type: "button", onclick: () => setIndex(step, state.indices[step] ^ 1) }));
    }
    state.indices.forEach((index, step) => {
      const button = buttons.children[step];
      button.textContent = index;
      button.setAttribute("aria-pressed", String(index % 2 === 0));
      button.setAttribute("aria-label", t("indices.one", { step: step + 1, index, value: written(state.values[step], 3) }));
    });
  }
  return { node, show };
}

function knownNext() {
  const input = el("input", { type: "number", id: "truth", step: "any" });
  input.addEventListener("change", () => setTruth(input.value === "" ? null : Number(input.value)));
  const node = el("div", { class: "field compared" }, el("label", { for: "truth" }, t("truth.label")), input);
  const show = () => {
    node.hidden = isPairs();
    if (document.activeElement !== input) input.value = state.truth ?? "";
  };
  return { node, show };
}

function taskChoice(valueTasks) {
  const select = el("select", { id: "task", onchange: () => setTask(select.value) });
  const node = el("div", { class: "field compared" }, el("label", { for: "task" }, t("task.label")), select);
  const show = () => {
    node.hidden = isPairs();
    const tasks = [...new Set([...valueTasks(), state.task])];
    select.replaceChildren(...tasks.map((task) => el("option", { value: task }, t(`task.${task}`).replace(/^task\./, ""))));
    select.value = state.task;
  };
  return { node, show };
}
