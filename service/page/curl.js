// Everything a view asked, as curl commands to copy. The key itself is never among them.
import { hasKey, requestsOf } from "./api.js";
import { el } from "./dom.js";
import { t } from "./words.js";

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

function command({ method, path, body }) {
  const parts = ["curl -sS"];
  if (method !== "GET" && method !== "POST") parts.push(`-X ${method}`);
  if (hasKey()) parts.push('-H "Authorization: Bearer $UNROLL_API_KEY"');
  if (body !== undefined) parts.push("-H 'Content-Type: application/json'", `-d ${quoted(body)}`);
  return [...parts, quoted(new URL(path, document.baseURI).href)].join(" ");
}

export const commands = (requests) => requests.map(command).join("\n");

// A button that copies `text()`, and the text itself to look at.
export function curlBox(text) {
  const shown = el("pre", { tabindex: "0" });
  const details = el("details", { class: "curl" }, el("summary", {}, t("curl.show")), shown);
  details.addEventListener("toggle", () => {
    shown.textContent = text();
  });
  const button = el("button", { type: "button", class: "quiet", onclick: () => copy(button, details, shown, text()) });
  button.textContent = t("curl.copy");
  return el("div", { class: "curl-box" }, button, details);
}

export const curlOf = (view) => curlBox(() => commands(requestsOf(view)));

async function copy(button, details, shown, text) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = t("curl.copied");
    setTimeout(() => {
      button.textContent = t("curl.copy");
    }, 1500);
  } catch {
    // Without a secure origin there is no clipboard: show the text, selected.
    details.open = true;
    shown.textContent = text;
    getSelection().selectAllChildren(shown);
  }
}
