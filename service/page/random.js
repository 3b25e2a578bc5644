// A small generator with a seed, so that what is made up is the same every time. Pure.

export function mulberry32(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

// A count of mean `rate`, by Knuth's product of uniform numbers.
export function poisson(random, rate) {
  let count = 0;
  for (let left = random(); left > Math.exp(-rate); left *= random()) count += 1;
  return count;
}
