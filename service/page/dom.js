// Small helpers: build elements, and write numbers for people.

export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

// `digits` significant digits, and powers of ten only where the plain form would be long.
export function written(value, digits = 4) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size < 1e-4 || size >= 1e7 ? value.toExponential(Math.min(digits - 1, 2)) : shortened(value, digits);
  return text.replace(/-/g, "−");
}

function shortened(value, digits) {
  const text = value.toPrecision(digits);
  if (text.includes("e")) return String(Math.round(value));
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

export function grouped(count) {
  return count.toLocaleString(document.documentElement.lang);
}

// What people call a model's cell or a rule.
const NAMES = { simplernn: "SimpleRNN", lstm: "LSTM", gru: "GRU", ar2: "AR(2)", dense: "Dense" };
export const called = (name) => NAMES[name] ?? name.replaceAll("_", " ");
export const CELLS = ["simplernn", "lstm", "gru"];
