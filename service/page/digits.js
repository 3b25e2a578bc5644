// Digits: an image that is drawn here and its word in two languages; a word that is typed and the image of it.
import { settings } from "./address.js";
import { beginAnew, post } from "./api.js";
import { attentionTable } from "./attention.js";
import { curlOf } from "./curl.js";
import { el, written } from "./dom.js";
import { inkSurface } from "./ink.js";
import { packed, pixelCanvas, SIDE, unpacked } from "./pixels.js";
import { t } from "./words.js";

const LANGUAGES = ["en", "ko"];
// Digits of scikit-learn's second half, which nothing was trained on, as they were written.
const EXAMPLES = [
  "002e910001ccb80004e10d3008d00a6005g1089000g00b9000dbaf40003fg500",
  "006a8300006gg900009gg600007gga0000bgg800007gg90000agg6000049cb20",
  "01cg50000bggd0000765e2000000c3000004d000001d500000aga84000dfgc70",
  "01cgg90002e59e000001cb00000cg60000028f5000200b9004e44e6000fggb10",
  "0006g600003g900001dd121007g51ea00cg8cg2002cfgb000008g4000008f000",
  "019ggf3008gc883006g9300008ggg4000364db0000008d000058fa0000bgb100",
  "000a8000006e300000b8000003g8200006gggf3000g208c000bc5bc00018gf20",
  "003gcc7000cddg6000206e000014da10009ggg80004cc710000e6000004g2000",
  "004fd30004dead0008g88d0000fcfb00006gd10000bff20000c8f800005fg500",
  "004dd40000gaa80000e76b00006ffg2000000b500000079001446ca0016bfc10",
];
const WORDS = ["three", "sevne", "eigth", "fo"];
const remembered = settings("digits", { image: EXAMPLES[3], word: WORDS[0] });

export function digitsView(panel, { models, touch }) {
  const served = (name) => models.some((model) => model.name === name);
  const languages = LANGUAGES.filter((language) => served(`caption-digit-${language}-gru`));
  const parts = [languages.length > 0 && read(languages, touch), served("draw-digit-gru") && drawn(touch)].filter(Boolean);
  panel.append(el("p", { class: "hint" }, t("digits.help")), ...parts.map(({ node }) => node), curlOf("digits"));

  async function refresh() {
    beginAnew("digits");
    for (const part of parts) await part.refresh();
  }
  return { refresh };
}

// One to many: the image is read row by row, and its word is written letter by letter.
function read(languages, touch) {
  const use = (image) => {
    remembered.image = packed(image);
    touch();
  };
  const surface = inkSurface(use);
  const examples = EXAMPLES.map((text, digit) => {
    const { canvas, show } = pixelCanvas({ class: "pixels small", "aria-hidden": "true" });
    show(unpacked(text), "");
    const label = t("digits.example", { digit });
    return el("button", { type: "button", class: "example", "aria-label": label, onclick: () => use(unpacked(text)) }, canvas);
  });
  const clear = el("button", { type: "button", class: "quiet", onclick: () => use(Array(SIDE * SIDE).fill(0)) }, t("digits.clear"));
  const cards = languages.map(captionCard);
  const node = el(
    "section",
    { "aria-label": t("digits.read") },
    el("h3", {}, t("digits.read")),
    el("p", { class: "hint", id: "ink-help" }, t("ink.help")),
    el("div", { class: "digits" }, el("div", {}, surface.node, clear), el("div", { class: "captions" }, cards.map((card) => card.node))),
    el("p", { class: "hint" }, t("digits.examples")),
    el("div", { class: "examples" }, examples),
  );

  async function refresh() {
    const image = unpacked(remembered.image) ?? unpacked(EXAMPLES[3]);
    surface.show(image);
    for (const card of cards) card.show(await post("digits", "generate", { model: `caption-digit-${card.language}-gru`, input: image }));
  }
  return { node, refresh };
}

function captionCard(language) {
  const output = el("output", { class: "written", lang: language });
  const chance = el("p", { class: "hint" });
  const check = el("p", {});
  const looked = attentionTable(`${t("texts.attention")} (${t(`digits.${language}`)})`);
  const node = el("section", { class: "caption", "aria-label": t(`digits.${language}`) }, el("h4", {}, t(`digits.${language}`)), output, chance, check, looked.node);
  const rows = Array.from({ length: SIDE }, (_, n) => String(n + 1));

  function show(found) {
    output.textContent = found.output;
    chance.textContent = t("digits.chance", { percent: percent(found.probability) });
    check.replaceChildren(badge(found.check.agree, t("digits.neighbours", { word: found.check.rule_output })));
    looked.show(rows, found);
  }
  return { language, node, show };
}

// Many to one: the word is read letter by letter, and the image comes from the last state.
function drawn(touch) {
  const input = el("input", { id: "word", type: "text", maxlength: 20, autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
  input.value = remembered.word;
  const use = (word) => {
    input.value = remembered.word = word;
    touch();
  };
  input.addEventListener("input", () => use(input.value.toLowerCase()));
  const words = WORDS.map((word) => el("button", { type: "button", onclick: () => use(word) }, word));
  const made = pixelCanvas();
  const ruled = pixelCanvas();
  const check = el("p", { "aria-live": "polite" });
  const warnings = el("ul", { class: "warnings", lang: "en" });
  const figure = (canvas, key) => el("figure", {}, canvas, el("figcaption", { class: "hint" }, t(key)));
  const node = el(
    "section",
    { "aria-label": t("digits.drawn") },
    el("h3", {}, t("digits.drawn")),
    el("p", { class: "hint" }, t("digits.drawn.help")),
    el("div", { class: "row" }, el("div", { class: "field" }, el("label", { for: "word" }, t("digits.word")), input), words),
    el("div", { class: "digits" }, figure(made.canvas, "digits.made"), figure(ruled.canvas, "digits.ruled")),
    check,
    warnings,
  );

  async function refresh() {
    if (input.value === "") return;
    const found = await post("digits", "generate", { model: "draw-digit-gru", input: input.value });
    const { rule_output: mean, agree } = found.check;
    made.show(found.output, t("digits.made"));
    ruled.show(mean, t(mean === null ? "digits.unruled" : "digits.ruled"));
    check.replaceChildren(mean === null ? t("digits.unruled") : badge(agree, t(agree ? "digits.agree" : "digits.differ")));
    warnings.replaceChildren(...found.warnings.map((each) => el("li", {}, each)));
  }
  return { node, refresh };
}

const badge = (agree, text) => el("span", { class: `badge ${agree ? "beats" : "loses"}` }, text);
const percent = (share) => `${written(100 * share, 4)} %`;
