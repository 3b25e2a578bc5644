// Models: the tuned ones of each task beside the textbook's, each with its results beside the rules.
import { beginAnew, get, picture } from "./api.js";
import { curlOf } from "./curl.js";
import { called, CELLS, el, grouped, written } from "./dom.js";
import { t } from "./words.js";

export function modelsView(panel, { models }) {
  const place = el("div");
  panel.append(el("p", { class: "hint" }, t("models.help")), place, curlOf("models"));
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      fill(target);
    }
  }, { rootMargin: "200px" });

  async function refresh() {
    if (place.children.length > 0) return;
    beginAnew("models");
    const listed = (await get("models", "models")).models;
    models.splice(0, models.length, ...listed);
    place.replaceChildren(...tasksOf(listed).map((task) => section(task, listed)));
    for (const card of place.querySelectorAll(".card")) seen.observe(card);
  }
  return { refresh };
}

// In the lecture's order, own series last.
function tasksOf(models) {
  const order = ["linear", "sine", "memory"];
  const place = (task) => (order.includes(task) ? order.indexOf(task) : order.length);
  return [...new Set(models.map((model) => model.task))].sort((a, b) => place(a) - place(b));
}

function section(task, models) {
  const cell = (model) => CELLS.indexOf(model.architecture);
  const own = models.filter((model) => model.task === task).sort((a, b) => cell(a) - cell(b));
  const textbook = (model) => model.family === "textbook";
  const column = ([title, cards]) => el("div", { class: "column" }, el("h4", {}, t(title)), cards.map(card));
  const families = [
    ["models.tuned", own.filter((model) => !textbook(model))],
    ["models.textbook", own.filter(textbook)],
  ];
  return el(
    "section",
    {},
    el("h3", {}, t(`task.${task}`).replace(/^task\./, "")),
    el(
      "div",
      { class: "columns" },
      families.filter(([, cards]) => cards.length > 0).map(column),
    ),
  );
}

function card(model) {
  const plots = el("div", { class: "plots" });
  const layers = el("p", { class: "hint" });
  const node = el(
    "article",
    { class: `card ${model.architecture}`, "data-name": model.name, "aria-label": model.name },
    el("h5", {}, el("span", { class: `swatch ${model.architecture}`, "aria-hidden": true }), model.name),
    el("p", {}, t("models.facts", { cell: called(model.architecture), parameters: grouped(model.parameters) })),
    layers,
    results(model.test),
    plots,
    el("details", { class: "hint" }, el("summary", {}, t("models.about")), el("p", { lang: "en" }, model.description)),
  );
  node.late = { name: model.name, plots, layers };
  return node;
}

// The model between the rules, best first, as on its card.
function results({ model, rules, unit, name, data }) {
  const scores = [["", model], ...Object.entries(rules)].sort(([, a], [, b]) => a.mse - b.mse);
  const rows = scores.map(([rule, { mse, mae }]) =>
    el(
      "tr",
      { class: rule === "" ? "is-model" : undefined },
      el("th", { scope: "row" }, rule === "" ? t("models.this") : t(`rule.${rule}`).replace(/^rule\./, "")),
      el("td", {}, written(mse, 3)),
      el("td", {}, written(mae, 3)),
    ),
  );
  const head = ["models.who", "models.mse", "models.mae"].map((key) => el("th", { scope: "col" }, t(key)));
  const caption = el("caption", { title: data }, t("models.test", { name, unit: t(`unit.${unit}`).replace(/^unit\./, "") }));
  return el("table", {}, caption, el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows));
}

// What only a card that is looked at needs: its layers and plots.
async function fill({ late: { name, plots, layers } }) {
  const described = get("models", `models/${name}`);
  const [found, loss, fit] = await Promise.all([
    described,
    picture(`models/${name}/plots/loss.svg`),
    picture(`models/${name}/plots/fit.svg`),
  ]);
  const kinds = found.layers.map(({ kind, units }) => `${called(kind)}(${units})`).join(" → ");
  const { steps, seconds, optimizer } = found.training;
  layers.textContent = t("models.training", { layers: kinds, steps: grouped(steps), seconds: written(seconds, 3), optimizer });
  plots.append(
    el("figure", {}, el("img", { src: loss, alt: t("models.loss.alt", { name }) }), el("figcaption", {}, t("models.loss"))),
    el("figure", {}, el("img", { src: fit, alt: t("models.fit.alt", { name }) }), el("figcaption", {}, t("models.fit"))),
  );
}
