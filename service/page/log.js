// Log: the latest requests, by filter; one request's detail; how the models fare with what really came.
import { beginAnew, get, requestsOf } from "./api.js";
import { commands, curlBox } from "./curl.js";
import { el, grouped } from "./dom.js";
import { qualityTable } from "./quality.js";
import { detailDialog } from "./request_detail.js";
import { t } from "./words.js";

const ENDPOINTS = ["/predict", "/compare", "/forecast", "/backtest", "/anomalies", "/inspect", "/generate"];
const PAGE = 20;
const filters = { endpoint: "", model: "", status: "" }; // kept when the view is built anew

export function logView(panel, { models }) {
  const endpoint = choice("endpoint", ENDPOINTS);
  const model = choice("model", models.map(({ name }) => name));
  const status = choice("status", ["200", "404", "413", "415", "422", "429", "503"]);
  const body = el("tbody");
  const more = el("button", { type: "button", onclick: () => guarded(() => page(cursor)) }, t("log.more"));
  const problem = el("p", { class: "problem", role: "alert" });
  const quality = qualityTable();
  let cursor = null;
  let turn = 0;
  const choices = { endpoint, model, status };
  for (const [name, select] of Object.entries(choices)) {
    select.addEventListener("change", () => {
      filters[name] = select.value;
      guarded(begin);
    });
  }
  const columns = ["time", "endpoint", "models", "status", "size", "duration"];
  panel.append(
    el(
      "div",
      { class: "row" },
      Object.entries(choices).map(([name, select]) =>
        el("div", { class: "field" }, el("label", { for: select.id }, t(`log.${name}`)), select),
      ),
      el("button", { type: "button", onclick: () => guarded(begin) }, t("log.refresh")),
    ),
    problem,
    el(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": t("log.caption") },
      el(
        "table",
        { class: "log" },
        el("caption", { class: "hidden" }, t("log.caption")),
        el("thead", {}, el("tr", {}, columns.map((name) => el("th", { scope: "col" }, t(`log.${name}`))))),
        body,
      ),
    ),
    more,
    curlBox(() => commands(requestsOf("log"))),
    quality.node,
  );

  async function begin() {
    beginAnew("log");
    more.hidden = true; // older than what is coming, not than what is there
    await page(null);
    await quality.show();
  }

  async function page(from) {
    const query = new URLSearchParams({ limit: String(PAGE) });
    for (const [name, value] of Object.entries(filters)) if (value !== "") query.set(name, value);
    if (from !== null) query.set("cursor", from);
    turn += 1;
    const mine = turn;
    const found = await get("log", `requests?${query}`);
    if (mine !== turn) return; // another filter was chosen meanwhile
    cursor = found.next;
    more.hidden = cursor === null;
    if (from === null) body.replaceChildren();
    body.append(...found.requests.map((request) => row(request, open)));
    if (body.children.length === 0) body.append(el("tr", {}, el("td", { colspan: "6" }, t("log.empty"))));
  }

  const open = ({ id }) =>
    guarded(async () => detailDialog(await get(null, `requests/${id}`), () => guarded(quality.show)));

  async function guarded(work) {
    problem.textContent = "";
    await work().catch((error) => {
      problem.textContent = error.message;
    });
  }
  return { refresh: begin };
}

function choice(name, values) {
  const every = el("option", { value: "" }, t("log.all"));
  const select = el("select", { id: `log-${name}` }, every, values.map((value) => el("option", { value }, value)));
  select.value = filters[name];
  return select;
}

function row(request, open) {
  const time = new Date(request.time);
  const opener = el(
    "button",
    { type: "button", class: "link", "aria-haspopup": "dialog", title: time.toISOString(), onclick: () => open(request) },
    time.toLocaleTimeString(document.documentElement.lang),
  );
  return el(
    "tr",
    { "data-id": request.id },
    el("td", {}, opener),
    el("td", {}, request.endpoint),
    el("td", { class: "names" }, request.models.join(", ") || "–"),
    el("td", {}, el("span", { class: `badge ${request.status < 400 ? "beats" : "loses"}` }, String(request.status))),
    el("td", {}, t("log.sizes", { sequences: grouped(request.sequences), values: grouped(request.values) })),
    el("td", {}, grouped(request.duration_us)),
  );
}
