// Lines of text as columns of numbers, in one of the ways in which cells, decimals and thousands are set apart. Pure.

const SPACES = " \u00a0\u2007\u2009\u202f";
const APOSTROPHES = "'\u2019";
const LINE = /(?!)/; // each line is one cell
const TAB = /\t/;
const COMMA_SPACE = /,(?:\s+|$)/; // other commas are within numbers
// Begins like a number, however it may be written: neither a name at the head of a column nor a label.
const NUMERIC = /^[+\-\u2212]?[.,]?\d/;
// But for dates and times, which are labels: 2024-01-31, 2024-01, 31.1.2024, 1/31/24, 12:30.
const DATE = /^\d{1,4}([-/.]) ?\d{1,2}\1 ?\d{1,4}(?!\d|[.,]\d)|^\d{4}[-/]\d{1,2}$|^\d{1,2}:\d{2}/;

// What programs write where a value is missing: a gap in the sequence.
const GAP = /^(?:NA|N\/A|NaN|null)$/i;

// What may stand between cells. Where there are semicolons or tabs, a space or a comma is part of a cell; and names in
// the first line with commas between them tell what the other commas are.
export function cutsOf(text) {
  if (text.includes(";")) return [/;/];
  const comma = text.includes(",");
  if (TAB.test(text)) return comma ? [TAB, /,/] : [TAB];
  const head = text.trimStart().split(/[\r\n]/, 1)[0];
  const names = cells(head, /,/);
  const named = names.length > 1 && names.every((cell) => !NUMERIC.test(cell));
  if (named) return /,\S/.test(head) ? [/,/] : [/,/, COMMA_SPACE];
  return [LINE, / +/, /\s+/, ...(comma ? [/,/, COMMA_SPACE, /\s*,\s*|\s+/] : [])];
}

// Marks that numbers may hold where `cut` separates them: the decimal one, and those between thousands.
export function marksOf(text, cut) {
  const free = !cut.test("1,2") || text.includes('"'); // quotes keep a comma within its cell
  const comma = free && text.includes(",");
  const groups = [SPACES, APOSTROPHES].filter((marks) => new RegExp(`\\d[${marks}]\\d{3}`).test(text));
  const decimals = comma ? [".", ","] : ["."];
  return [
    { decimal: ".", group: "" },
    ...(comma ? [{ decimal: ",", group: "" }, { decimal: ".", group: "," }] : []),
    ...(free && text.includes(".") ? [{ decimal: ",", group: "." }] : []),
    ...groups.flatMap((group) => decimals.map((decimal) => ({ decimal, group }))),
  ];
}

// How `cell` reads: as a number, as null where it says that one is missing, else undefined. Between thousands' marks
// are three digits, and the first of all is no zero.
function reader({ decimal, group }) {
  const plain = "0|[1-9]\\d*"; // 000 is rather the end of a number that something else cut
  const whole = `(?:${plain}${group && `|[1-9]\\d{0,2}(?:[${group}]\\d{3})+`})`;
  const part = decimal === "," ? ",\\d+" : "\\.\\d*";
  const form = new RegExp(`^[+-]?(?:${whole}(?:${part})?|[${decimal}]\\d+)(?:[eE][+-]?\\d+)?$`);
  const between = group && new RegExp(`[${group}]`, "g");
  return (cell) => {
    if (GAP.test(cell)) return null;
    const text = cell.replace(/^\u2212|(?<=[eE])\u2212/g, "-");
    if (!form.test(text)) return undefined;
    const number = Number((group ? text.replace(between, "") : text).replace(decimal, "."));
    return Number.isFinite(number) ? number : undefined;
  };
}

// `lines` as {columns: [{name, place, values}], height, named, labels}, where `labels` is that some columns are none of
// numbers; as {list, uneven} where rows of nothing but numbers are of different lengths; or as {problem, line, …}.
export function table(lines, way) {
  const rows = withoutLast(lines.map(({ line, text }) => ({ line, cells: cells(text, way.cut) })));
  const named = rows.length > 1 && rows[0].cells.every((cell) => !NUMERIC.test(cell) && !GAP.test(cell));
  const names = named ? rows.shift().cells : null;
  const read = reader(way);
  const width = (names ?? rows[0].cells).length;
  const other = rows.find((row) => row.cells.length !== width);
  if (other !== undefined) return unevenRows(rows, read, names, { line: other.line, found: other.cells.length, width });
  const columns = [];
  let labels = false;
  for (let place = 0; place < width; place += 1) {
    const column = rows.map((row) => row.cells[place]);
    if (rows.length > 1 && column.every((cell) => cell === "")) continue;
    if (rows.length > 1 && column.every((cell) => !NUMERIC.test(cell) || DATE.test(cell))) {
      labels = true;
      continue;
    }
    const values = column.map(read);
    const wrong = values.indexOf(undefined);
    if (wrong >= 0) return problem(rows[wrong].line, place, column[wrong]);
    columns.push({ name: names?.[place] || null, place: place + 1, values });
  }
  if (columns.length === 0) return { problem: "paste.empty", line: 0, place: 0 };
  return { columns, height: rows.length, named, labels };
}

function unevenRows(rows, read, names, uneven) {
  if (names !== null) {
    // Names of several words are no columns, unless some of the lines have as many.
    const missing = uneven.found < uneven.width && rows.some((row) => row.cells.length === uneven.width);
    return { problem: "paste.width", ...uneven, place: 0, uneven: missing ? uneven : undefined };
  }
  for (const { line, cells } of rows) {
    const place = cells.findIndex((cell) => read(cell) === undefined);
    if (place >= 0) return problem(line, place, cells[place]);
  }
  return { list: rows.flatMap((row) => row.cells.map(read)), uneven };
}

function problem(line, place, cell) {
  return { problem: cell === "" ? "paste.missing" : "paste.wrong", line, place, found: cell.slice(0, 20) };
}

function cells(text, cut) {
  const quoted = [];
  const keep = (_, inside) => `\0${quoted.push(inside.replaceAll('""', '"')) - 1}\0`;
  const bare = text.replace(/"((?:[^"]|"")*)"/g, keep);
  const parts = (cut === TAB ? bare : bare.trim()).split(cut);
  return parts.map((cell) => cell.replace(/\0(\d+)\0/g, (_, place) => quoted[place]).trim());
}

// A separator at the end of lines separates nothing, if all of them have it, or are as long as each other without it.
function withoutLast(rows) {
  const ends = ({ cells }) => cells.length > 1 && cells.at(-1) === "";
  const cut = rows.map((row) => (ends(row) ? { ...row, cells: row.cells.slice(0, -1) } : row));
  const { length } = cut[0].cells;
  const even = length > 1 && cut.every((row) => row.cells.length === length); // of length 1, one may well be missing
  return even || rows.every(ends) ? cut : rows;
}
