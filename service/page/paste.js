// Pasted numbers and CSV files: takes what can be read in one way only, and asks where there are several.
import { el } from "./dom.js";
import { parse } from "./parse.js";
import { useValues } from "./sequence.js";
import { t } from "./words.js";

const SHOWN = 8; // numbers of a reading

export function pasteBox() {
  const text = el("textarea", { id: "paste", rows: "2", spellcheck: "false", placeholder: "0.84, 0.91, 0.14, …" });
  const file = el("input", { type: "file", id: "csv", accept: ".csv,.txt,.tsv,.json,text/*" });
  const problem = el("p", { class: "problem", role: "alert" });
  const readings = el("div", { class: "readings", role: "status" });

  function use() {
    const { readings: found = [], uneven, problem: key, ...names } = parse(text.value);
    problem.textContent = key ? t(key, names) : "";
    readings.replaceChildren();
    if (found.length === 1 && !uneven) take(found[0]);
    else if (found.length > 0) ask(found, uneven);
    (key ? problem : readings).scrollIntoView({ block: "nearest" }); // the panel may be longer than the window
  }

  function take(reading) {
    readings.append(el("p", { class: "hint" }, t("paste.taken", { reading: described(reading) })), numbers(reading));
    useValues(reading.values, reading.indices);
  }

  function ask(found, uneven) {
    const choose = (reading) => (event) => {
      for (const button of readings.querySelectorAll("button")) button.setAttribute("aria-pressed", "false");
      event.currentTarget.setAttribute("aria-pressed", "true");
      useValues(reading.values, reading.indices);
    };
    readings.append(
      el("p", {}, uneven ? t("paste.uneven", uneven) : t("paste.ask")),
      ...found.map((reading) =>
        el(
          "button",
          { type: "button", "aria-pressed": "false", onclick: choose(reading) },
          numbers(reading),
          el("span", { class: "hint" }, described(reading)),
        ),
      ),
    );
  }

  let waiting = 0; // one look per frame is enough, however many lines arrive
  text.addEventListener("input", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(use);
  });
  async function open(files) {
    if (files.length === 0) return;
    text.value = await files[0].text();
    use();
  }
  file.addEventListener("change", () => open(file.files));
  const node = el(
    "div",
    { class: "paste" },
    el("label", { for: "paste" }, t("paste.label")),
    text,
    el("label", { for: "csv" }, t("paste.file")),
    file,
    problem,
    readings,
  );
  dropsInto(node, open);
  return node;
}

// Files that are dropped on `node` go to `open(files)`; dragged text falls where it always does.
function dropsInto(node, open) {
  const over = (event) => {
    const held = event.dataTransfer.types.includes("Files");
    node.classList.toggle("dropping", held && event.type === "dragover");
    if (held && event.type !== "dragleave") event.preventDefault();
  };
  for (const type of ["dragover", "dragleave", "drop"]) node.addEventListener(type, over);
  node.addEventListener("drop", (event) => open(event.dataTransfer.files));
}

function described({ values, how }) {
  return [t("paste.count", { count: values.length }), ...how.map(([key, names]) => t(key, names))].join(" · ");
}

// The first numbers and the last, as they were taken.
function numbers({ values, indices }) {
  const shown = values.map((value, n) => (indices ? `[${indices[n]}, ${value}]` : String(value ?? "–")));
  const some = shown.length > SHOWN ? [...shown.slice(0, SHOWN - 1), "…", shown.at(-1)] : shown;
  return el("span", { class: "numbers" }, some.join(indices ? " " : ", "));
}
