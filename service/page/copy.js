// A button that copies text. Without a secure origin there is no clipboard: then what is there to copy is shown selected.
import { el } from "./dom.js";
import { t } from "./words.js";

// `label` is the key of its words, `text()` what is copied, and `shown()` gives the element that holds it.
export function copyButton(label, text, shown) {
  const button = el("button", { type: "button", class: "quiet" }, t(label));
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = t("copied");
      setTimeout(() => {
        button.textContent = t(label);
      }, 1500);
    } catch {
      getSelection().selectAllChildren(shown());
    }
  });
  return button;
}
