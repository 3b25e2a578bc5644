// The lecture's formula beside each part of a cell, as text with real subscripts.
import { el } from "./dom.js";

// x_t is the input of the step, h_(t-1) the state before it; * multiplies element by element.
const FORMULAS = {
  simplernn: { hidden: "h_t = tanh(W h_{t−1} + U x_t + b)" },
  lstm: {
    hidden: "h_t = o * tanh(C_t)",
    forget: "f = σ(W_f h_{t−1} + U_f x_t + b_f)",
    input: "i = σ(W_i h_{t−1} + U_i x_t + b_i)",
    candidate: "C̃ = tanh(W_c h_{t−1} + U_c x_t + b_c)",
    cell: "C_t = f * C_{t−1} + i * C̃",
    output: "o = σ(W_o h_{t−1} + U_o x_t + b_o)",
  },
  gru: {
    hidden: "h_t = z * h_{t−1} + (1 − z) * g",
    update: "z = σ(W_u h_{t−1} + U_u x_t + b_u)",
    reset: "r = σ(W_r h_{t−1} + U_r x_t + b_r)",
    candidate: "g = tanh(r * (W_g h_{t−1} + c_g) + U_g x_t + b_g)",
  },
};

// The parts of a cell: the hidden state first, so that the cells' stand beside each other, then what it is made from.
export const partsOf = (cell) => Object.keys(FORMULAS[cell]);

export function formula(cell, part) {
  const pieces = FORMULAS[cell][part].split(/(_\{[^}]*\}|_[a-z])/);
  const nodes = pieces.map((piece) => (piece.startsWith("_") ? el("sub", {}, piece.replace(/[_{}]/g, "")) : piece));
  return el("span", { class: "formula" }, nodes);
}
