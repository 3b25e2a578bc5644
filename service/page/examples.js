// Series to try the general models on: one that is real, and two made up. The end of each is kept back as what really came.
import { mulberry32, normal, poisson } from "./random.js";

// International airline passengers by month, 1949 to 1960, in thousands: series G of Box and Jenkins (1976).
const AIRLINE = [
  112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118, 115, 126, 141, 135, 125, 149, 170, 170, 158, 133, 114, 140,
  145, 150, 178, 163, 172, 178, 199, 199, 184, 162, 146, 166, 171, 180, 193, 181, 183, 218, 230, 242, 209, 191, 172, 194,
  196, 196, 236, 235, 229, 243, 264, 272, 237, 211, 180, 201, 204, 188, 235, 227, 234, 264, 302, 293, 259, 229, 203, 229,
  242, 233, 267, 269, 270, 315, 364, 347, 312, 274, 237, 278, 284, 277, 317, 313, 318, 374, 413, 405, 355, 306, 271, 306,
  315, 301, 356, 348, 355, 422, 465, 467, 404, 347, 305, 336, 340, 318, 362, 348, 363, 435, 491, 505, 404, 359, 310, 337,
  360, 342, 406, 396, 420, 472, 548, 559, 463, 407, 362, 405, 417, 391, 419, 461, 472, 535, 622, 606, 508, 461, 390, 432,
];
const WEEK = [0.92, 0.86, 0.9, 0.97, 1.15, 1.3, 0.9];
const SEED = 7;

// Visits to a shop by day: they grow, and a week is not like its days.
function visits(random) {
  const day = (_, n) => Math.round((210 + 0.45 * n) * WEEK[n % 7] * (1 + 0.05 * normal(random)));
  return Array.from({ length: 140 }, day);
}

// Orders of a spare part by week: none in most, several at once in some.
function parts(random) {
  return Array.from({ length: 104 }, () => (random() < 0.35 ? 1 + poisson(random, 1.6) : 0));
}

const keptBack = (all, ahead) => ({ values: all.slice(0, -ahead), later: all.slice(-ahead) });

// {values, later} by name.
export const EXAMPLES = {
  airline: keptBack(AIRLINE, 12),
  visits: keptBack(visits(mulberry32(SEED)), 28),
  parts: keptBack(parts(mulberry32(SEED)), 13),
};
