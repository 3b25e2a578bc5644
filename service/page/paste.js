// Pasted numbers and CSV files.
import { el } from "./dom.js";
import { parse } from "./parse.js";
import { useValues } from "./sequence.js";
import { t } from "./words.js";

export function pasteBox() {
  const text = el("textarea", { id: "paste", rows: "3", spellcheck: "false", placeholder: "0.84, 0.91, 0.14, …" });
  const file = el("input", { type: "file", id: "csv", accept: ".csv,.txt,.tsv,.json,text/*" });
  const problem = el("p", { class: "problem", role: "alert" });

  function use() {
    const read = parse(text.value);
    problem.textContent = read.problem ? t(read.problem, { found: read.found }) : "";
    if (!read.problem) useValues(read.values, read.indices);
  }

  let waiting = 0; // one look per frame is enough, however many lines arrive
  text.addEventListener("input", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(use);
  });
  file.addEventListener("change", async () => {
    if (file.files.length === 0) return;
    text.value = await file.files[0].text();
    use();
  });
  return el(
    "details",
    { class: "paste" },
    el("summary", {}, t("paste.title")),
    el("label", { for: "paste" }, t("paste.label")),
    text,
    el("label", { for: "csv" }, t("paste.file")),
    file,
    problem,
  );
}
