// The page's language: chosen, remembered in this browser, and put in place of every marked text.
import { english } from "./english.js";
import { korean } from "./korean.js";

const LANGUAGES = { en: english, ko: korean };
const REMEMBERED = "unroll.language";
const listeners = [];
let current = first();

function first() {
  let remembered = null;
  try {
    remembered = localStorage.getItem(REMEMBERED);
  } catch {
    // A browser that keeps nothing still gets its own language.
  }
  if (remembered in LANGUAGES) return remembered;
  return navigator.language.startsWith("ko") ? "ko" : "en";
}

// The text for `key`, with {names} filled in.
export function t(key, values = {}) {
  const text = LANGUAGES[current][key] ?? english[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export function onLanguage(listener) {
  listeners.push(listener);
}

export function startLanguages() {
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => choose(button.dataset.language));
  }
  show();
}

function choose(language) {
  current = language;
  try {
    localStorage.setItem(REMEMBERED, language);
  } catch {
    // Not remembered, but spoken.
  }
  show();
  for (const listener of listeners) listener();
}

function show() {
  document.documentElement.lang = current;
  document.title = t("title");
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-t-label]")) node.setAttribute("aria-label", t(node.dataset.tLabel));
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === current));
  }
}
