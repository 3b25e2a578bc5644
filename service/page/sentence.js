// The lecture's sentence with as many words between as are asked for, the same ones each time: only the length changes.
import { mulberry32 } from "./random.js";

const WORDS = (
  "the sea is blue and we went by train to see old friends over there last summer while it rained for days so they sang"
).split(" ");
const OTHERS = ["france", "japan"]; // countries that do not matter
const SEED = 10;

export function sentence(between) {
  const random = mulberry32(SEED);
  const words = Array.from({ length: between }, () => WORDS[Math.floor(random() * WORDS.length)]);
  OTHERS.forEach((country, n) => {
    words[Math.floor(((n + 1) * between) / 3)] = country;
  });
  return ["born", "in", "texas", ".", ...words, ".", "speaks"].join(" ");
}
