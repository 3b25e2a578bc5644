// uPlot in the page's colours: charts that follow their width and the light, and markers with error bars.
/* global uPlot */
import { el } from "./dom.js";
import { colour, font, onTheme } from "./theme.js";
import { t } from "./words.js";

const charts = new Set();
const widths = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) resized(target, Math.floor(contentRect.width));
});
onTheme(() => {
  for (const host of charts) if (host.isConnected) host.paint?.();
});

// A place for a chart. `label` tells a screen reader what the picture shows; the numbers stand beside it as text.
export function chartHost(height) {
  const host = el("div", { class: "chart", role: "img" });
  host.style.height = `${height}px`;
  host.size = { width: 0, height };
  charts.add(host);
  widths.observe(host);
  return host;
}

function resized(host, width) {
  if (host.size.width === width) return;
  host.size.width = width;
  host.paint?.();
}

// Draws into `host`. `build(width)` gives uPlot's options and data; it is asked again when width or colours change.
export function draw(host, label, build) {
  host.setAttribute("aria-label", label);
  host.paint = () => {
    const { width, height } = host.size;
    if (width === 0) return; // it is drawn when it has a place
    if (!("uPlot" in window)) throw new Error(t("chart.absent")); // index.html says which release it must be
    const { options, data } = build(width);
    host.replaceChildren();
    new uPlot({ width, height, ...frame(options) }, data, host);
  };
  host.paint();
}

function frame(options) {
  return {
    legend: { show: false },
    cursor: { show: false },
    padding: [12, 12, 0, 0],
    ...options,
    axes: (options.axes ?? [{}, {}]).map((axis, n) => ({ ...axisStyle(), size: n === 0 ? 30 : 50, ...axis })),
  };
}

function axisStyle() {
  const grid = { stroke: colour("grid"), width: 1 };
  return { stroke: colour("muted"), font: font(), grid, ticks: { ...grid, size: 4 } };
}

// A range that holds `values` with some air around them.
export function around(values) {
  const known = values.filter((value) => Number.isFinite(value));
  const low = known.reduce((a, b) => Math.min(a, b), Infinity);
  const high = known.reduce((a, b) => Math.max(a, b), -Infinity);
  if (low > high) return [-1, 1];
  const air = high > low ? 0.08 * (high - low) : Math.max(Math.abs(low) * 0.1, 0.1);
  return [low - air, high + air];
}

// A marker at (x, y) with nested error bars ([lower, upper], widest first); each cell has its own shape.
export function marker(plot, { x, y, bars, shade, shape, size }) {
  const { ctx: context } = plot;
  const ratio = devicePixelRatio || 1;
  const [left, top] = [plot.valToPos(x, "x", true), plot.valToPos(y, "y", true)];
  context.save();
  context.strokeStyle = context.fillStyle = shade;
  bars.forEach(([lower, upper], n) => {
    context.globalAlpha = 0.45 + 0.25 * n;
    context.lineWidth = (1.5 + 2 * n) * ratio;
    context.beginPath();
    context.moveTo(left, plot.valToPos(lower, "y", true));
    context.lineTo(left, plot.valToPos(upper, "y", true));
    context.stroke();
  });
  context.globalAlpha = 1;
  context.beginPath();
  SHAPES[shape](context, left, top, size * ratio);
  context.fill();
  context.lineWidth = ratio;
  context.strokeStyle = colour("card");
  context.stroke();
  context.restore();
}

const SHAPES = {
  circle: (context, x, y, r) => context.arc(x, y, r, 0, 2 * Math.PI),
  square: (context, x, y, r) => context.rect(x - r, y - r, 2 * r, 2 * r),
  diamond: (context, x, y, r) => polygon(context, [[x, y - 1.3 * r], [x + 1.3 * r, y], [x, y + 1.3 * r], [x - 1.3 * r, y]]),
};

function polygon(context, points) {
  for (const [x, y] of points) context.lineTo(x, y);
  context.closePath();
}

// Told apart without colour too.
export const DASH_OF = { simplernn: [], lstm: [10, 4], gru: [3, 3] };
export const SHAPE_OF = { simplernn: "circle", lstm: "square", gru: "diamond" };
