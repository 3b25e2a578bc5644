// Reads pasted text or a CSV file as a sequence: numbers, or [index, value] pairs. Pure.

export const MOST = 5000; // more would only be slow to draw; the API takes 250,000

// {values, indices} (indices null for plain numbers), or {problem, found}: the words' key and what was in the way.
export function parse(text) {
  const json = asJson(text);
  if (json !== null) return json;
  const lines = text.split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
  const rows = lines.map((line) => line.split(/[\s,;]+/).filter(Boolean));
  if (rows.length > 1 && rows[0].every((cell) => Number.isNaN(Number(cell)))) rows.shift(); // a CSV's names
  if (rows.length === 0) return { problem: "paste.empty" };
  const pairs = rows.length > 1 && rows.every((row) => row.length === 2);
  const cells = rows.flat();
  const wrong = cells.find((cell) => !Number.isFinite(Number(cell)));
  if (wrong !== undefined) return { problem: "paste.wrong", found: wrong.slice(0, 20) };
  const numbers = cells.map(Number);
  return pairs ? columns(numbers) : bounded({ values: numbers, indices: null });
}

function asJson(text) {
  let read;
  try {
    read = JSON.parse(text);
  } catch {
    return null;
  }
  const list = Array.isArray(read) ? read : read?.sequence;
  if (!Array.isArray(list) || list.length === 0) return null;
  const flat = list.flat();
  if (!flat.every((value) => typeof value === "number")) return { problem: "paste.wrong", found: "…" };
  const pairs = list.every((item) => Array.isArray(item) && item.length === 2);
  if (!pairs && list.some(Array.isArray)) return { problem: "paste.wrong", found: "[…]" };
  return pairs ? columns(flat) : bounded({ values: flat, indices: null });
}

// Two columns are a memory task where the first holds small whole numbers, else time and value.
function columns(numbers) {
  const first = numbers.filter((_, n) => n % 2 === 0);
  const values = numbers.filter((_, n) => n % 2 === 1);
  const whole = first.every((index) => Number.isInteger(index) && index >= 0 && index <= 5);
  return bounded({ values, indices: whole ? first : null });
}

function bounded(read) {
  return read.values.length > MOST ? { problem: "paste.long", found: String(MOST) } : read;
}
