// Puts the page together: the sequence on one side, the views on the other, and a redraw after every change.
import { follow, named, write } from "./address.js";
import { changeKey, get } from "./api.js";
import { compareView } from "./compare.js";
import { controls } from "./controls.js";
import { digitsView } from "./digits.js";
import { el } from "./dom.js";
import { forecastView } from "./forecast.js";
import { insideView } from "./inside.js";
import { liveView } from "./live.js";
import { logView } from "./log.js";
import { modelsView } from "./models.js";
import { onSequence, tell, useExample, usePreset } from "./sequence.js";
import { seriesView } from "./series.js";
import { shareSequence } from "./shared_sequence.js";
import { tabs } from "./tabs.js";
import { textsView } from "./texts.js";
import { onLanguage, startLanguages, t } from "./words.js";

const VIEWS = {
  series: seriesView,
  compare: compareView,
  forecast: forecastView,
  live: liveView,
  inside: insideView,
  texts: textsView,
  digits: digitsView,
  models: modelsView,
  log: logView,
};
const REST = 40; // milliseconds between the starts of two refreshes, so that a moving slider does not flood the log

const shown = {}; // views that were opened, by name
const models = []; // what GET /models lists
let open = null;
let changed = null; // when the change came that is not on the screen yet
let running = false;
let started = -REST;

// Refreshes the open view; changes meanwhile are one refresh more.
async function refresh() {
  if (running || open === null) return;
  running = true;
  while (changed !== null) {
    await new Promise((resolve) => setTimeout(resolve, started + REST - performance.now()));
    const since = changed;
    started = performance.now();
    changed = null;
    write(open);
    const view = (shown[open] ??= create(open));
    await view.refresh().then(() => view.trouble(null), view.trouble);
    performance.measure("unroll-redraw", { start: since, end: performance.now() });
  }
  running = false;
}

function touch() {
  changed ??= performance.now();
  refresh();
}

function create(name) {
  const panel = document.getElementById(name);
  const trouble = el("p", { class: "problem", role: "alert" });
  panel.replaceChildren(trouble);
  return {
    ...VIEWS[name](panel, { models, touch }),
    trouble(error) {
      trouble.textContent = error === null ? "" : error.message;
      panel.classList.toggle("stale", error !== null);
    },
  };
}

startLanguages();
controls(document.getElementById("sequence"), () =>
  [...new Set(models.filter((model) => model.input === "values").map((model) => model.task))],
);
onSequence(touch);
onLanguage(() => {
  for (const name of Object.keys(shown)) delete shown[name];
  touch();
});
document.getElementById("key").addEventListener("click", () => changeKey().then(touch));
if (named() in VIEWS && named() !== "series") usePreset("sine");
else useExample("airline");
shareSequence();
get(null, "models")
  .then((answer) => models.push(...answer.models))
  .catch(() => {}) // the open view says what is wrong
  .then(() => {
    tell();
    const show = tabs(named(), (name) => {
      open = name;
      document.querySelector("main").dataset.view = name;
      touch();
    });
    follow((name) => {
      delete shown[name]; // built anew from what the address says
      show(name);
    });
  });
