// The surface to draw on: one value per step, by pointer or by keyboard (arrows). Even indices are filled dots.
import { el, written } from "./dom.js";
import { isPairs, state, useValues } from "./sequence.js";
import { colour, font, onTheme } from "./theme.js";
import { t } from "./words.js";

const PAD = { left: 40, right: 8, top: 12, bottom: 12 };
const HEIGHT = 190;

export function drawingSurface() {
  const canvas = el("canvas", { class: "surface", role: "slider", tabindex: "0", "aria-describedby": "draw-help" });
  let chosen = 0;
  let range = [-1, 1];
  let last = null; // the point the pointer came from, while it draws
  let width = 320;

  function show() {
    chosen = Math.min(chosen, state.values.length - 1);
    if (last === null) range = rangeOf(state.values);
    canvas.setAttribute("aria-label", t("draw.label"));
    canvas.setAttribute("aria-valuemin", written(range[0]).replace("−", "-"));
    canvas.setAttribute("aria-valuemax", written(range[1]).replace("−", "-"));
    canvas.setAttribute("aria-valuenow", String(held(chosen)));
    const step = { step: chosen + 1, count: state.values.length, value: written(state.values[chosen]) };
    canvas.setAttribute("aria-valuetext", t("draw.step", step));
    paint();
  }

  const held = (step) => state.values[step] ?? (range[0] + range[1]) / 2; // a gap is taken up from the middle
  const toX = (step) => PAD.left + ((width - PAD.left - PAD.right) * (step + 0.5)) / state.values.length;
  const toY = (value) =>
    PAD.top + ((HEIGHT - PAD.top - PAD.bottom) * (range[1] - value)) / (range[1] - range[0]);

  function paint() {
    const ratio = devicePixelRatio || 1;
    width = canvas.clientWidth || width;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(HEIGHT * ratio);
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    grid(context);
    context.strokeStyle = context.fillStyle = colour("input");
    context.lineWidth = 2;
    context.lineJoin = "round";
    context.beginPath();
    state.values.forEach((value, step) => {
      if (value !== null) context[(state.values[step - 1] ?? null) === null ? "moveTo" : "lineTo"](toX(step), toY(value));
    });
    if (!isPairs()) context.stroke();
    const radius = state.values.length > 80 ? 1.5 : 4;
    state.values.forEach((value, step) => dot(context, step, value, radius));
    if (document.activeElement === canvas) {
      context.strokeStyle = colour("focus");
      context.strokeRect(toX(chosen) - 8, toY(held(chosen)) - 8, 16, 16);
    }
  }

  function grid(context) {
    context.font = font();
    context.strokeStyle = colour("grid");
    context.fillStyle = colour("muted");
    context.lineWidth = 1;
    for (const share of [0, 0.5, 1]) {
      const value = range[0] + share * (range[1] - range[0]);
      context.beginPath();
      context.moveTo(0, toY(value));
      context.lineTo(width, toY(value));
      context.stroke();
      context.fillText(written(Math.abs(value) < 1e-3 * (range[1] - range[0]) ? 0 : value, 3), 4, toY(value) - 3);
    }
  }

  function dot(context, step, value, radius) {
    if (value === null) return;
    context.beginPath();
    context.arc(toX(step), toY(value), radius, 0, 2 * Math.PI);
    if (isPairs() && state.indices[step] % 2 === 1) {
      context.lineWidth = 1.5;
      context.stroke();
    } else {
      context.fill();
    }
  }

  // The step and value under the pointer.
  function under(event) {
    const box = canvas.getBoundingClientRect();
    const across = (event.clientX - box.left - PAD.left) / (width - PAD.left - PAD.right);
    const down = (event.clientY - box.top - PAD.top) / (HEIGHT - PAD.top - PAD.bottom);
    const step = Math.min(Math.max(Math.floor(across * state.values.length), 0), state.values.length - 1);
    return { step, value: range[1] - Math.min(Math.max(down, 0), 1) * (range[1] - range[0]) };
  }

  function drawTo(point) {
    const from = last ?? point;
    const steps = Math.max(Math.abs(point.step - from.step), 1);
    const values = [...state.values];
    for (let n = 0; n <= steps; n += 1) {
      const value = from.value + ((point.value - from.value) * n) / steps;
      values[from.step + Math.round(((point.step - from.step) * n) / steps)] = Number(value.toPrecision(4));
    }
    last = point;
    chosen = point.step;
    useValues(values, state.indices);
  }

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    drawTo(under(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (last !== null) drawTo(under(event));
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => {
      last = null;
      show();
    });
  }
  canvas.addEventListener("keydown", (event) => {
    const sideways = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    const upwards = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (sideways === undefined && upwards === undefined) return;
    event.preventDefault();
    if (sideways !== undefined) {
      chosen = Math.min(Math.max(chosen + sideways, 0), state.values.length - 1);
      show();
      return;
    }
    const moved = held(chosen) + (upwards * (range[1] - range[0])) / 50;
    useValues(state.values.with(chosen, Number(moved.toPrecision(4))), state.indices);
  });
  canvas.addEventListener("focus", show);
  canvas.addEventListener("blur", show);
  onTheme(paint);
  new ResizeObserver(paint).observe(canvas);
  return { canvas, show };
}

// A range with room to draw beyond the values.
function rangeOf(all) {
  const values = all.filter((value) => value !== null);
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const room = high > low ? 0.35 * (high - low) : Math.max(1, Math.abs(low));
  return [low - room, high + room];
}
