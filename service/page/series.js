// Your series: how it goes on, under which season, who says so and why, how well that went before, and the numbers.
import { settings } from "./address.js";
import { beginAnew, post } from "./api.js";
import { chartHost, draw } from "./chart.js";
import { curlOf } from "./curl.js";
import { el, written } from "./dom.js";
import { fanChart, fanLegend } from "./fan.js";
import { nameOf } from "./names.js";
import { nextTable } from "./next_table.js";
import { askRecord, recordPanel } from "./record.js";
import { isPairs, state } from "./sequence.js";
import { seasonNow, seasonWords, whoAnswers } from "./series_words.js";
import { t } from "./words.js";

const VIEW = "series";
const DRAWN = ["input", "forecast", "band80", "band90", "band95"];
const LEVELS = [80, 90, 95];
const choice = settings(VIEW, { horizon: 12, season: null });

export function seriesView(panel, { touch }) {
  const horizon = el("input", { type: "range", id: "series-horizon", min: "1", max: "100" });
  const count = el("output", { for: "series-horizon" });
  const season = el("input", { type: "number", id: "series-season", min: "1", step: "1", "aria-describedby": "series-season-help" });
  const headline = el("p", { class: "headline", "aria-live": "polite" });
  const host = chartHost(340);
  const legend = el("div");
  const who = el("div", { class: "who" });
  const record = recordPanel();
  const table = nextTable();
  const warnings = el("ul", { class: "warnings", "aria-label": t("compare.warnings") });
  horizon.value = choice.horizon;
  choice.horizon = Number(horizon.value); // within what the slider reaches
  season.value = choice.season ?? "";
  horizon.addEventListener("input", () => {
    choice.horizon = Number(horizon.value);
    touch();
  });
  season.addEventListener("input", () => {
    choice.season = season.value === "" ? null : Number(season.value);
    touch();
  });
  const answer = el("div", {}, host, legend, who, warnings, record.node, table.node);
  panel.append(
    el(
      "div",
      { class: "row" },
      el("div", { class: "slider" }, el("label", { for: "series-horizon" }, t("forecast.horizon")), horizon, count),
      el("div", { class: "told" }, el("label", { for: "series-season" }, t("series.season")), season),
      el("p", { class: "hint", id: "series-season-help" }, t("series.season.help")),
    ),
    headline,
    answer,
    curlOf(VIEW),
  );

  async function refresh() {
    count.textContent = choice.horizon;
    answer.hidden = isPairs();
    beginAnew(VIEW);
    if (isPairs()) {
      headline.textContent = t("forecast.memory");
      return;
    }
    const sequence = state.values;
    const told = choice.season === null ? {} : { season: choice.season };
    const asked = { sequence, horizon: choice.horizon, levels: LEVELS, ...told };
    const [forecast] = (await post(VIEW, "forecast", asked)).forecasts;
    const beside = repeated(sequence, seasonNow(forecast), choice.horizon);
    season.placeholder = t(forecast.season.steps[0] === 1 ? "series.season.none" : "series.season.found", { steps: seasonNow(forecast) });
    show(forecast, beside);
    const past = await askRecord(VIEW, sequence, forecast, told);
    record.show(past, forecast);
    table.show(forecast, beside, past, seasonNow(forecast));
  }

  function show(forecast, beside) {
    const { values } = forecast;
    const last = { steps: values.length, value: written(values.at(-1)), name: nameOf(forecast.model) };
    headline.textContent = t(values.length === 1 ? "series.headline.one" : "series.headline", { next: written(values[0]), ...last });
    const later = state.later.slice(0, values.length);
    const rule = seasonNow(forecast) === 1 ? "last" : "beside";
    legend.replaceChildren(fanLegend([...DRAWN, rule, ...(later.length > 0 ? ["truth"] : [])]));
    const most = Math.max(60, 5 * values.length, 5 * seasonNow(forecast));
    const label = t("forecast.summary", { ...last, count: state.values.length });
    draw(host, label, fanChart(state.values, forecast, later, { most, beside }));
    who.replaceChildren(whoAnswers(forecast), seasonWords(forecast.season));
    warnings.replaceChildren(...forecast.warnings.map((sentence) => el("li", { lang: "en" }, sentence)));
  }
  return { refresh };
}

// The seasonal naive rule: the last season again and again. In a gap stands the value before it, as in the service.
function repeated(values, season, steps) {
  const all = [...values];
  for (let n = 0; n < all.length; n += 1) all[n] ??= all[n - 1] ?? values.find(Number.isFinite);
  for (let n = 0; n < steps; n += 1) all.push(all[all.length - season] ?? all.at(-1));
  return all.slice(values.length);
}
