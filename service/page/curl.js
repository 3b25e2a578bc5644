// Everything a view asked, as curl commands to copy. The key itself is never among them.
import { hasKey, requestsOf } from "./api.js";
import { copyButton } from "./copy.js";
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
  const opened = () => {
    details.open = true;
    shown.textContent = text();
    return shown;
  };
  const button = copyButton("curl.copy", text, opened);
  return el("div", { class: "curl-box" }, button, details);
}

export const curlOf = (view) => curlBox(() => commands(requestsOf(view)));
