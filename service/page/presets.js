// The lecture's sequences, made from sliders. Pure: the same settings give the same numbers.
import { mulberry32, normal } from "./random.js";

export const PRESETS = {
  linear: {
    step: { from: -2, to: 2, by: 0.1, start: 0.1 },
    offset: { from: -10, to: 10, by: 0.1, start: 0 },
    noise: { from: 0, to: 1, by: 0.02, start: 0 },
    length: { from: 3, to: 64, by: 1, start: 20 },
  },
  sine: {
    amplitude: { from: 0.1, to: 5, by: 0.1, start: 1 },
    step: { from: 0.05, to: 1.5, by: 0.05, start: 0.25 },
    offset: { from: -10, to: 10, by: 0.1, start: 0 },
    noise: { from: 0, to: 1, by: 0.02, start: 0.04 },
    length: { from: 3, to: 64, by: 1, start: 32 },
  },
  memory: {
    offset: { from: -3, to: 3, by: 0.1, start: 0.3 },
    noise: { from: 0, to: 1, by: 0.02, start: 0 },
    length: { from: 2, to: 64, by: 1, start: 30 },
  },
};

export const HIGHEST_INDEX = 5;
const MEMORY_SPAN = 2.5; // radians that the memory lab's windows cover

export const startSettings = (preset) =>
  Object.fromEntries(Object.entries(PRESETS[preset]).map(([name, range]) => [name, range.start]));

// The values of a preset, the `ahead` that follow them without noise, and for memory the indices.
export function make(preset, settings, seed, ahead = 0) {
  const random = mulberry32(seed);
  const clean = CURVES[preset](settings);
  const indices = Array.from({ length: settings.length }, () => Math.floor(random() * (HIGHEST_INDEX + 1)));
  const values = Array.from({ length: settings.length }, (_, n) => tidy(clean(n) + settings.noise * normal(random)));
  const later = Array.from({ length: ahead }, (_, n) => tidy(clean(settings.length + n)));
  return { values, later, indices: preset === "memory" ? indices : null };
}

const CURVES = {
  linear: ({ step, offset }) => (n) => offset + step * n,
  sine: ({ amplitude, step, offset }) => (n) => offset + amplitude * Math.sin(step * n),
  memory: ({ offset, length }) => (n) => Math.sin(offset + (MEMORY_SPAN * n) / length),
};

// Enough digits for any chart, few enough to read in a request.
const tidy = (value) => Number(value.toFixed(6));
