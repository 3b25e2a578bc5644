// One request of the log in a dialog: its row, its bodies, and the same request as curl.
import { commands, curlBox } from "./curl.js";
import { el, grouped } from "./dom.js";
import { outcomeForm } from "./outcome.js";
import { t } from "./words.js";

// `recorded()` is called when an outcome was added.
export function detailDialog(request, recorded) {
  const { request: asked, response: answered, ...row } = request;
  const rows = Object.entries(row)
    .filter(([, value]) => value !== null)
    .flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, shown(value))]);
  const again = { method: "POST", path: request.endpoint.replace(/^\//, ""), body: JSON.stringify(asked) };
  const dialog = el(
    "dialog",
    { class: "wide", "aria-labelledby": "detail-title" },
    el("h2", { id: "detail-title" }, t("detail.title", { endpoint: request.endpoint, status: request.status })),
    el("dl", { class: "facts" }, rows),
    body("detail.request", asked),
    body("detail.response", answered),
    asked === null ? null : curlBox(() => commands([again])),
    outcomeForm(request, recorded),
    el("form", { method: "dialog" }, el("button", { class: "primary", autofocus: true }, t("detail.close"))),
  );
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
}

const shown = (value) => (typeof value === "number" ? grouped(value) : Array.isArray(value) ? value.join(", ") : String(value));

function body(title, content) {
  const text = content === null ? t("detail.absent") : compact(content);
  return el("section", {}, el("h3", {}, t(title)), el("pre", { tabindex: "0" }, text));
}

// Indented JSON, but lists of numbers and pairs on one line.
function compact(content) {
  const text = typeof content === "string" ? content : JSON.stringify(content, null, 2);
  return text.replace(/\[[\s\d.,eE+\-[\]]*\]/g, (list) => list.replace(/\s+/g, " "));
}
