// The sequence that everything else is about, and who wants to know when it changes.
import { EXAMPLES } from "./examples.js";
import { make, startSettings } from "./presets.js";

const listeners = [];
const AHEAD = 100;

export const state = {
  preset: "sine", // or the example's name; null once drawn or pasted
  task: "sine",
  values: [],
  indices: null, // memory only
  truth: null, // what really comes next, where it is known
  later: [], // and after that
  seed: 7,
  settings: Object.fromEntries(["linear", "sine", "memory"].map((preset) => [preset, startSettings(preset)])),
};

export const isPairs = () => state.indices !== null;

// As the service reads it.
export function posted() {
  return isPairs() ? state.values.map((value, n) => [state.indices[n], value]) : state.values;
}

export function onSequence(listener) {
  listeners.push(listener);
}

export function usePreset(preset, changes = {}) {
  Object.assign(state.settings[preset], changes);
  const { values, later, indices } = make(preset, state.settings[preset], state.seed, AHEAD);
  const truth = preset === "memory" ? null : later[0];
  Object.assign(state, { preset, task: preset, values, indices, truth, later: truth === null ? [] : later });
  tell();
}

export function useExample(name) {
  const { values, later } = EXAMPLES[name];
  Object.assign(state, { preset: name, task: "series", values, indices: null, truth: later[0], later });
  tell();
}

export function reseed() {
  state.seed += 1;
  usePreset(state.preset);
}

// Values that were drawn or typed: nothing is known of what comes next.
export function useValues(values, indices) {
  const task = indices === null ? (state.task === "memory" ? "sine" : state.task) : "memory";
  Object.assign(state, { preset: null, task, values, indices, truth: null, later: [] });
  tell();
}

export function setIndex(step, index) {
  state.indices = state.indices.with(step, index);
  tell();
}

export function setTask(task) {
  state.task = task;
  tell();
}

export function setTruth(truth) {
  Object.assign(state, { truth, later: [] });
  tell();
}

export function tell() {
  for (const listener of listeners) listener();
}
