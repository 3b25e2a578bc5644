// A heat map of units over time on a canvas; the pointer reads single cells out.
import { el, written } from "./dom.js";
import { colour, onTheme } from "./theme.js";
import { t } from "./words.js";

const maps = new Set();
const widths = new ResizeObserver((entries) => entries.forEach(({ target }) => target.paint?.()));
onTheme(() => maps.forEach((canvas) => canvas.isConnected && canvas.paint?.()));

// `show(rows, from, to)`: rows[step][unit], coloured from `from` to `to`; two-sided where `from` is below zero.
export function heatMap(name) {
  const canvas = el("canvas", { class: "heat", role: "img" });
  const reading = el("span", { class: "reading" });
  const scale = el("span", { class: "scale", "aria-hidden": true });
  const node = el("div", { class: "heat-map" }, canvas, el("div", { class: "heat-foot" }, scale, reading));
  let rows = [];

  function show(steps, from, to) {
    rows = steps;
    const all = steps.flat();
    const [low, high] = [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))];
    const facts = { name, units: steps[0].length, steps: steps.length, low: written(low, 2), high: written(high, 2) };
    canvas.setAttribute("aria-label", t("heat.label", facts));
    scale.replaceChildren(written(from, 2), el("i", { class: from < 0 ? "ramp two-sided" : "ramp" }), written(to, 2));
    canvas.paint = () => paint(canvas, rows, from, to);
    canvas.paint();
  }

  canvas.addEventListener("pointermove", ({ offsetX, offsetY }) => {
    const step = Math.min(Math.floor((offsetX / canvas.clientWidth) * rows.length), rows.length - 1);
    const unit = Math.min(Math.floor((offsetY / canvas.clientHeight) * rows[0].length), rows[0].length - 1);
    if (step < 0 || unit < 0) return;
    reading.textContent = t("heat.reading", { step: step + 1, unit: unit + 1, value: written(rows[step][unit], 3) });
  });
  canvas.addEventListener("pointerleave", () => {
    reading.textContent = "";
  });
  maps.add(canvas);
  widths.observe(canvas);
  return { node, show };
}

function paint(canvas, rows, from, to) {
  const [steps, units] = [rows.length, rows[0].length];
  const picture = new ImageData(steps, units);
  const [zero, plus, minus] = ["heat-zero", "heat-plus", "heat-minus"].map((name) => channels(colour(name)));
  rows.forEach((row, step) => {
    row.forEach((value, unit) => {
      const share = from < 0 ? value / to : (value - from) / (to - from);
      const end = share < 0 ? minus : plus;
      const strength = Math.min(Math.abs(share), 1);
      const at = 4 * (unit * steps + step);
      for (let n = 0; n < 3; n += 1) picture.data[at + n] = zero[n] + (end[n] - zero[n]) * strength;
      picture.data[at + 3] = 255;
    });
  });
  canvas.width = steps;
  canvas.height = units;
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
