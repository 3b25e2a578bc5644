// An image of 8x8 numbers from 0 to 16 on a canvas, and its short form in the address: a digit of base 17 for each.
import { el } from "./dom.js";
import { colour, onTheme } from "./theme.js";

export const SIDE = 8;
export const DARKEST = 16;
const DIGITS = "0123456789abcdefg";
const SIZE = 20; // of a pixel on the canvas, which the style sheet scales
const shown = new Set();
onTheme(() => shown.forEach((canvas) => canvas.isConnected && canvas.paint?.()));

export const packed = (image) => image.map((pixel) => DIGITS[Math.round(pixel)]).join("");
export const unpacked = (text) =>
  text.length === SIDE * SIDE && [...text].every((digit) => DIGITS.includes(digit)) ? [...text].map((digit) => DIGITS.indexOf(digit)) : null;

// `show(image, label, chosen)`: a pixel that is `chosen` has a frame; null shows nothing.
export function pixelCanvas(properties = {}) {
  const canvas = el("canvas", { class: "pixels", role: "img", width: SIDE * SIZE, height: SIDE * SIZE, ...properties });
  shown.add(canvas);
  function show(image, label, chosen = null) {
    canvas.setAttribute("aria-label", label);
    canvas.paint = () => paint(canvas.getContext("2d"), image ?? [], chosen);
    canvas.paint();
  }
  return { canvas, show };
}

function paint(context, image, chosen) {
  context.globalAlpha = 1;
  context.fillStyle = colour("sunken");
  context.fillRect(0, 0, SIDE * SIZE, SIDE * SIZE);
  context.fillStyle = colour("text");
  image.forEach((pixel, at) => {
    context.globalAlpha = pixel / DARKEST;
    context.fillRect((at % SIDE) * SIZE, Math.floor(at / SIDE) * SIZE, SIZE, SIZE);
  });
  context.globalAlpha = 1;
  if (chosen === null) return;
  context.strokeStyle = colour("focus");
  context.lineWidth = 2;
  context.strokeRect((chosen % SIDE) * SIZE + 1, Math.floor(chosen / SIDE) * SIZE + 1, SIZE - 2, SIZE - 2);
}
