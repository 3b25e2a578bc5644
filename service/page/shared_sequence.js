// The sequence in the address: which example or preset it starts from and how that is set, or the values themselves.
import { share } from "./address.js";
import { EXAMPLES } from "./examples.js";
import { PRESETS, startSettings } from "./presets.js";
import { state, useExample, usePreset, useValues } from "./sequence.js";

const LONGEST = 200; // values that an address carries; more do not fit into what people paste

export const shareSequence = () => share({ views: ["series", "compare", "forecast", "inside"], entries, take });

function entries() {
  if (state.preset in EXAMPLES) return [["start", state.preset]];
  if (state.preset in PRESETS) {
    const start = startSettings(state.preset);
    const moved = Object.entries(state.settings[state.preset]).filter(([name, value]) => value !== start[name]);
    return [["start", state.preset], ...(state.seed === 7 ? [] : [["seed", state.seed]]), ...moved];
  }
  if (state.values.length > LONGEST) return [];
  return [["values", state.values.join(",")], ...(state.indices === null ? [] : [["indices", state.indices.join(",")]])];
}

function take(given) {
  const start = given.get("start");
  if (start in EXAMPLES) useExample(start);
  else if (start in PRESETS) {
    const seed = Number(given.get("seed") ?? 7);
    state.seed = Number.isInteger(seed) ? seed : 7;
    usePreset(start, { ...startSettings(start), ...moved(start, given) });
  } else if (given.has("values")) {
    const values = numbers(given.get("values")).slice(0, LONGEST);
    const indices = given.has("indices") ? numbers(given.get("indices")).slice(0, LONGEST) : null;
    if (values.some((value) => value !== null) && (indices === null || indices.length === values.length)) useValues(values, indices);
  }
}

// The settings of a preset that the address has, within what its sliders reach.
function moved(preset, given) {
  const known = Object.entries(PRESETS[preset]).filter(([name]) => given.has(name) && Number.isFinite(Number(given.get(name))));
  return Object.fromEntries(known.map(([name, { from, to }]) => [name, Math.min(Math.max(Number(given.get(name)), from), to)]));
}

// An empty place, or one without a number, is a gap.
const numbers = (text) => text.split(",").map((each) => (each.trim() !== "" && Number.isFinite(Number(each)) ? Number(each) : null));
