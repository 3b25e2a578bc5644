// Live: a stream fed value by value, with what was foretold of each, what was odd, and whether the errors drift.
import { around, chartHost, draw } from "./chart.js";
import { curlOf } from "./curl.js";
import { el, written } from "./dom.js";
import { fanLegend } from "./fan.js";
import { Feed } from "./feed.js";
import { colour } from "./theme.js";
import { t } from "./words.js";

const BEAT = 400; // milliseconds between two values
const feed = new Feed(); // kept when the view is built anew
let running = false;
let trouble = null; // what went wrong last, until it is shown
let busy = Promise.resolve(); // one thing after another: the numbers of a stream follow each other
addEventListener("pagehide", () => feed.end());

export function liveView(panel, { touch }) {
  const headline = el("p", { class: "headline" });
  const ledger = el("p", { class: "hint", "aria-live": "polite" });
  const drift = el("p", { class: "hint" });
  const host = chartHost(320);
  const level = el("input", { type: "range", id: "live-level", min: "-5", max: "5", step: "0.1" });
  const button = (name, action) => el("button", { type: "button", id: `live-${name}`, onclick: action }, t(`live.${name}`));
  const start = button("start", () => {
    running = !running;
    touch();
  });
  level.value = feed.level;
  level.addEventListener("input", () => {
    feed.level = Number(level.value);
  });
  panel.append(
    el(
      "div",
      { class: "row" },
      start,
      button("shift", () => after(() => feed.move())),
      button("odd", () => after(() => feed.outlier())),
      button("again", () => after(() => feed.again())),
      el("div", { class: "slider" }, el("label", { for: "live-level" }, t("live.level")), level),
    ),
    headline,
    host,
    fanLegend(["input", "forecast", "band90", "flag"]),
    drift,
    ledger,
    curlOf("live"),
  );

  function after(work) {
    const keep = (error) => {
      trouble = error;
    };
    busy = busy.then(work).catch(keep).then(touch);
  }

  async function refresh() {
    const error = trouble;
    trouble = null;
    if (running) beat(); // what was not answered is sent again
    if (error !== null) throw error;
    if (feed.stream === null) await feed.begin();
    paint();
  }

  let beating = null;
  function beat() {
    clearTimeout(beating);
    beating = setTimeout(() => {
      if (running && panel.isConnected && !panel.hidden && headline.isConnected) after(() => feed.step());
    }, BEAT);
  }

  function paint() {
    const { seq, value, arrived } = feed.points.at(-1);
    start.textContent = t(running ? "live.pause" : "live.start");
    start.setAttribute("aria-pressed", String(running));
    const said = { seq, value: written(value), error: written(Math.abs(arrived?.error ?? 0)), next: written(feed.foretold.value) };
    headline.textContent = t(arrived?.flag ? "live.headline.odd" : "live.headline", said);
    const above = feed.drift.above ? "live.drift.above" : "live.drift";
    drift.textContent = t(above, { evidence: written(feed.drift.evidence, 3), flags: feed.flags, count: feed.next });
    ledger.textContent = t(feed.replay?.replayed ? "live.replayed" : "live.ledger", { seq: feed.replay?.seq, next: feed.next });
    draw(host, t("live.summary", { count: feed.points.length, flags: feed.flags }), chart);
  }
  return { refresh };
}

function chart() {
  const { points, foretold, next } = feed;
  const column = (of) => [...points.map(of), null];
  const ahead = (of) => [...points.map(({ foretold: said }) => (said === null ? null : of(said))), of(foretold)];
  const bound = (n) => ahead(({ intervals }) => intervals?.["90"][n] ?? null);
  const values = column(({ value }) => value);
  const nothing = { points: { show: false } };
  const odd = { show: true, size: 11, width: 2.5, stroke: colour("bad"), fill: "transparent" };
  const options = {
    scales: { x: { time: false }, y: { range: around(values.filter((value) => value !== null)) } },
    series: [
      {},
      { stroke: "transparent", ...nothing },
      { stroke: "transparent", ...nothing },
      { stroke: colour("forecast"), width: 1.5, dash: [4, 3], ...nothing },
      { stroke: colour("input"), width: 2, points: { show: true, size: 4, fill: colour("input") } },
      { paths: () => null, points: odd },
    ],
    bands: [{ series: [1, 2], fill: colour("band90") }],
  };
  const x = [...points.map(({ seq }) => seq), next];
  const flagged = column(({ value, arrived }) => (arrived?.flag ? value : null));
  return { options, data: [x, bound(1), bound(0), ahead(({ value }) => value), values, flagged] };
}
