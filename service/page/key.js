// The dialog that asks for an API key. What it is told goes to its caller and is kept nowhere else.
import { el } from "./dom.js";
import { t } from "./words.js";

// What was typed, empty to forget the key; null when the user declined.
export function askForKey(again) {
  const input = el("input", { id: "key-input", type: "password", autocomplete: "off", spellcheck: "false" });
  const dialog = el(
    "dialog",
    { "aria-labelledby": "key-title" },
    el(
      "form",
      { method: "dialog" },
      el("h2", { id: "key-title" }, t("key.title")),
      el("p", {}, t(again ? "key.again" : "key.why")),
      el("label", { for: "key-input" }, t("key.label")),
      input,
      el(
        "div",
        { class: "row" },
        el("button", { class: "primary", value: "use" }, t("key.use")),
        el("button", { value: "cancel", formnovalidate: true }, t("key.cancel")),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "use" ? input.value.trim() : null);
    });
  });
}
