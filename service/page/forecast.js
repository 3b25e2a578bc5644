// Forecast: the sequence continued, with intervals that fan out.
import { settings } from "./address.js";
import { beginAnew, post } from "./api.js";
import { chartHost, draw } from "./chart.js";
import { verdict } from "./comparison_table.js";
import { curlOf } from "./curl.js";
import { el, written } from "./dom.js";
import { fanChart, fanLegend } from "./fan.js";
import { nameOf } from "./names.js";
import { isPairs, posted, state } from "./sequence.js";
import { t } from "./words.js";

const choice = settings("forecast", { horizon: 30, model: "" });

export function forecastView(panel, { models, touch }) {
  const horizon = el("input", { type: "range", id: "horizon", min: "1", max: "100" });
  const count = el("output", { for: "horizon" });
  const model = el("select", { id: "forecast-model" });
  const headline = el("p", { class: "headline", "aria-live": "polite" });
  const record = el("p", { class: "hint" });
  const host = chartHost(340);
  const legend = fanLegend(["input", "forecast", "band80", "band90", "band95", "truth"]);
  const warnings = el("ul", { class: "warnings", "aria-label": t("compare.warnings") });
  horizon.value = choice.horizon;
  choice.horizon = Number(horizon.value); // within what the slider reaches
  horizon.addEventListener("input", () => {
    choice.horizon = Number(horizon.value);
    touch();
  });
  model.addEventListener("change", () => {
    choice.model = model.value;
    touch();
  });
  panel.append(
    el(
      "div",
      { class: "row" },
      el("div", { class: "slider" }, el("label", { for: "horizon" }, t("forecast.horizon")), horizon, count),
      el("div", { class: "field" }, el("label", { for: "forecast-model" }, t("forecast.model")), model),
    ),
    headline,
    host,
    legend,
    record,
    warnings,
    curlOf("forecast"),
  );

  async function refresh() {
    fill(model, models);
    count.textContent = choice.horizon;
    for (const node of [host, legend, record, warnings]) node.hidden = isPairs();
    if (isPairs()) {
      beginAnew("forecast");
      headline.textContent = t("forecast.memory");
      return;
    }
    const asked = { sequence: posted(), horizon: choice.horizon, ...(choice.model && { model: choice.model }) };
    beginAnew("forecast");
    const [forecast] = (await post("forecast", "forecast", asked)).forecasts;
    const later = state.later.slice(0, choice.horizon);
    const last = { steps: forecast.values.length, value: written(forecast.values.at(-1)), name: nameOf(forecast.model) };
    headline.textContent = t("forecast.headline", last);
    draw(host, t("forecast.summary", { ...last, count: state.values.length }), fanChart(state.values, forecast, later));
    record.replaceChildren(forecast.check === null ? t("forecast.unchecked") : verdict(forecast.check));
    warnings.replaceChildren(...forecast.warnings.map((sentence) => el("li", { lang: "en" }, sentence)));
  }
  return { refresh };
}

function fill(select, models) {
  const able = models.filter((model) => model.input === "values");
  const known = [...select.options].map((option) => option.value);
  if (known.length === able.length + 1) return;
  const tasks = [...new Set(able.map((model) => model.task))];
  select.replaceChildren(
    el("option", { value: "" }, t("forecast.automatic")),
    ...tasks.map((task) =>
      el(
        "optgroup",
        { label: t(`task.${task}`).replace(/^task\./, "") },
        able.filter((model) => model.task === task).map(({ name }) => el("option", { value: name }, name)),
      ),
    ),
  );
  select.value = choice.model;
}
