// Reads pasted text or a CSV file in every way that it can be meant, and says why where there is none. Pure.
import { cutsOf, marksOf, table } from "./numbers.js";
import { HIGHEST_INDEX } from "./presets.js";

export const MOST = 5000; // values; more would only be slow to draw, and the API takes 250,000
const MOST_CHARACTERS = 100 * MOST;
const MOST_COLUMNS = 8; // to choose from

// {readings: [{values, indices, how}], uneven}: indices is null but for memory, `how` is a list of [key, names] for the
// words. Several readings, or one of lines of `uneven` length, are to be asked about. Without any, {problem: key, …names}.
export function parse(text) {
  const plain = text.replace(/^\ufeff/, "");
  if (plain.includes("\0")) return { problem: "paste.encoding" };
  if (plain.length > MOST_CHARACTERS) return tooLong;
  return /^\s*[[{]/.test(plain) ? ofJson(plain) : ofText(plain);
}

const tooLong = { problem: "paste.long", found: String(MOST) };

function ofText(text) {
  const lines = text.split(/\r\n|\r|\n/).map((each, n) => ({ line: n + 1, text: each }));
  const blank = ({ text: each }) => /^[\s,;"]*$/.test(each);
  while (lines.length > 0 && blank(lines.at(-1))) lines.pop();
  while (lines.length > 0 && blank(lines[0])) lines.shift();
  if (lines.length === 0) return { problem: "paste.empty" };
  if (lines.length > MOST + 1) return tooLong;
  const gap = lines.find(blank);
  if (gap !== undefined) return { problem: "paste.blank", line: gap.line };
  const ways = cutsOf(text).flatMap((cut) => marksOf(text, cut).map((marks) => ({ cut, ...marks })));
  return chosen(ways.map((way) => read(lines, way)));
}

function read(lines, way) {
  const how = [];
  if (way.cut.test("1,2")) how.push(["how.between", { mark: "," }]);
  if (way.decimal === ",") how.push(["how.decimal", { mark: "," }]);
  if (way.group) how.push(["how.thousands", { mark: way.group[0] }]);
  return { ...table(lines, way), how };
}

function ofJson(text) {
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    return { problem: "paste.json" };
  }
  const list = Array.isArray(found) ? found : found.sequence;
  if (!Array.isArray(list) || list.length === 0) return { problem: "paste.json" };
  const pairs = list.every((item) => Array.isArray(item) && item.length === 2);
  const numbers = pairs ? list.flat() : list;
  const right = (value) => Number.isFinite(value) || (value === null && !pairs);
  if (!numbers.every(right)) return { problem: "paste.json" };
  if (!pairs) return chosen([{ list: numbers, how: [] }]);
  const columns = [0, 1].map((place) => ({ name: null, place: place + 1, values: list.map((pair) => pair[place]) }));
  return chosen([{ columns, height: list.length, named: false, labels: false, how: [] }]);
}

// The different readings of those tables that are one, or what is in the way of the one that came furthest.
function chosen(tables) {
  const good = tables.filter((each) => !each.problem);
  if (good.length === 0) {
    return tables.reduce((a, b) => (b.line > a.line || (b.line === a.line && b.place > a.place) ? b : a));
  }
  const wide = good.find(({ columns, named, labels }) => columns?.length > MOST_COLUMNS && (named || labels));
  if (wide !== undefined) return { problem: "paste.wide", found: String(wide.columns.length) };
  const seen = new Set();
  const isNew = ({ values, indices }) => seen.size < seen.add(JSON.stringify([values, indices])).size;
  const several = good.flatMap(sequences).filter(isNew).map(withGaps);
  const longest = Math.max(...several.map(({ values }) => values.length));
  if (!several.some(({ values }) => values.some(Number.isFinite))) return { problem: "paste.empty" };
  const readings = several.filter(({ values }) => values.length <= MOST && (longest < 3 || values.length > 1));
  if (readings.length === 0) return tooLong;
  if (readings.length === 1) readings[0].how = readings[0].how.filter(([key]) => key !== "how.between");
  // Where another way finds lines of different lengths, a number may be missing rather than this one meant.
  return { readings, uneven: readings.length === 1 ? tables.find((each) => each.uneven)?.uneven : undefined };
}

// How many values are missing is said with the rest.
function withGaps(reading) {
  const count = reading.values.filter((value) => value === null).length;
  return count === 0 ? reading : { ...reading, how: [...reading.how, ["how.gaps", { count }]] };
}

// A line is a sequence, and so is a column. Two columns may be memory's pairs; and rows without names or labels may be
// one sequence that was broken into lines.
function sequences({ list, uneven, columns, height, named, labels, how }) {
  if (list) {
    const broken = uneven ? [["how.lines", {}], ["how.uneven", uneven]] : [];
    return [{ values: list, indices: null, how: [...how, ...broken] }];
  }
  const rows = Array.from({ length: height }, (_, row) => columns.map(({ values }) => values[row]));
  if (height === 1) return [{ values: rows[0], indices: null, how }];
  const found = columns.slice(0, MOST_COLUMNS).map(({ name, place, values }) => {
    const which = name ? ["how.name", { name: name.slice(0, 30) }] : ["how.column", { place }];
    return { values, indices: null, how: columns.length > 1 || name ? [...how, which] : how };
  });
  const lines = { values: rows.flat(), indices: null, how: [...how, ["how.lines", {}]] };
  if (columns.length > 1 && !named && !labels) found.unshift(lines);
  const whole = (index) => Number.isInteger(index) && index >= 0 && index <= HIGHEST_INDEX;
  if (columns.length === 2 && !labels && columns[0].values.every(whole) && !columns[1].values.includes(null)) {
    found.unshift({ values: columns[1].values, indices: columns[0].values, how: [...how, ["how.pairs", {}]] });
  }
  return found;
}
