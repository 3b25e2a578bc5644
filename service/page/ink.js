// An 8x8 image to draw on with mouse, finger or keys: ink spreads from the pointer as from a pen.
import { el } from "./dom.js";
import { DARKEST, pixelCanvas, SIDE } from "./pixels.js";
import { t } from "./words.js";

const WIDTH = 0.75; // of the pen, in pixels: how fast ink fades away from its middle
const STEP = 0.25; // pixels between two dabs of a stroke
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// `changed(image)` after every dab; `show(image)` puts one in.
export function inkSurface(changed) {
  const { canvas, show: paint } = pixelCanvas({ class: "pixels ink", role: "application", tabindex: "0", "aria-describedby": "ink-help" });
  const said = el("span", { class: "hidden", "aria-live": "polite" });
  let image = Array(SIDE * SIDE).fill(0);
  let last = null; // where the pointer came from, while it draws
  let chosen = SIDE + 3; // the pixel that keys change

  function show(given) {
    image = given;
    refresh();
  }

  function refresh() {
    paint(image, t("ink.label"), document.activeElement === canvas && canvas.matches(":focus-visible") ? chosen : null);
  }

  function dab(x, y) {
    image = image.map((pixel, at) => {
      const away = Math.hypot((at % SIDE) + 0.5 - x, Math.floor(at / SIDE) + 0.5 - y);
      return Math.max(pixel, Math.round(DARKEST * Math.min(1, 1.35 * Math.exp(-((away / WIDTH) ** 2)))));
    });
  }

  function drawTo(event) {
    const box = canvas.getBoundingClientRect();
    const to = [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
    const from = last ?? to;
    const dabs = Math.max(1, Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / STEP));
    for (let n = 1; n <= dabs; n += 1) dab(from[0] + ((to[0] - from[0]) * n) / dabs, from[1] + ((to[1] - from[1]) * n) / dabs);
    last = to;
    refresh();
    changed(image);
  }

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    drawTo(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (last !== null) drawTo(event);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => {
      last = null;
    });
  }
  canvas.addEventListener("keydown", (event) => {
    const { key } = event;
    if (key in KEYS) {
      const [x, y] = [(chosen % SIDE) + KEYS[key][0], Math.floor(chosen / SIDE) + KEYS[key][1]];
      if (x >= 0 && x < SIDE && y >= 0 && y < SIDE) chosen = y * SIDE + x;
    } else if (key === " ") {
      image = image.with(chosen, image[chosen] > DARKEST / 2 ? 0 : DARKEST);
      changed(image);
    } else return;
    event.preventDefault();
    said.textContent = t("ink.pixel", { row: Math.floor(chosen / SIDE) + 1, column: (chosen % SIDE) + 1, ink: image[chosen] });
    refresh();
  });
  for (const event of ["focus", "blur"]) canvas.addEventListener(event, refresh);
  return { node: el("div", {}, canvas, said), show };
}
