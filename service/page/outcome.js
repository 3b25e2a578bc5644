// Tells the service what really came next after one request of the log: that is what live quality is made of.
import { post } from "./api.js";
import { el } from "./dom.js";
import { t } from "./words.js";

// For the answers about one next value; null for any other request. `recorded()` is called when it is on record.
export function outcomeForm({ id, endpoint, status, request }, recorded) {
  if (!["/predict", "/compare"].includes(endpoint) || status !== 200 || !request?.sequence) return null;
  const input = el("input", { id: "outcome", type: "number", step: "any", required: true });
  const said = el("p", { role: "status" });
  const form = el(
    "form",
    { class: "row outcome" },
    el("div", { class: "field" }, el("label", { for: "outcome" }, t("outcome.label")), input),
    el("button", {}, t("outcome.record")),
    said,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const { scored } = await post("log", `requests/${id}/outcome`, { value: Number(input.value) });
      said.textContent = t("outcome.recorded", { scored });
      recorded();
    } catch (error) {
      said.textContent = error.message;
    }
  });
  return form;
}
