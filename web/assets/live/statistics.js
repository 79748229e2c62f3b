// The mathematics of Live. NaN stands for what is not known yet.

export const total = (counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);

// The Wilson interval: which true shares agree with `hits` of `n` pages.
//
// If the true share is p, the share of n pages strays from it by a standard deviation of √(p (1 − p) / n).
// The interval holds every p that is at most z of its own standard deviations away from hits / n: what
// lies between the two solutions of (hits / n − p)² = z² p (1 − p) / n.
//
// The simpler hits / n ± z √(hits / n (1 − hits / n) / n) is not used: after three pages of v1 and none
// of v2 it would be sure that the share of v2 is 0 %, with no margin at all.
export function wilsonInterval(hits, n, z) {
  if (n === 0) return { low: NaN, high: NaN };
  const centre = hits + z ** 2 / 2;
  const margin = z * Math.sqrt((hits * (n - hits)) / n + z ** 2 / 4);
  return {
    // Computed, both ends could miss 0 and 1 by a rounding error.
    low: hits === 0 ? 0 : (centre - margin) / (n + z ** 2),
    high: hits === n ? 1 : (centre + margin) / (n + z ** 2),
  };
}

// Latencies lie decades apart: a page takes 5 ms, or 3 s when a call meets its deadline. So the bins in
// which they are counted are equally wide on a logarithmic scale, 50 for each factor of ten. A bin is
// 4.7 % wider than the one before it, and a latency is known to within 2.3 %, however long it is.
const binsADecade = 50;
const decades = 4; // from 1 ms to 10 s, the deadline of a visit

export function latencyBin(milliseconds) {
  const decade = Math.min(Math.log10(Math.max(milliseconds, 1)), decades);
  return Math.round(decade * binsADecade);
}

// The height of a bin on the scale: 0 is 1 ms, and 1 is 10 s.
export const heightOf = (bin) => bin / binsADecade / decades;

// The milliseconds within which the share `q` of all pages was answered: the median for 0.5.
export function quantile(bins, q) {
  let left = q * total(bins);
  // Keys that are whole numbers come in ascending order in JavaScript.
  for (const [bin, count] of Object.entries(bins)) {
    left -= count;
    if (left <= 0) return 10 ** (bin / binsADecade);
  }
  return NaN;
}
