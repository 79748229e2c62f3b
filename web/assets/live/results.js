// Shows what was counted: the numbers, the legends and the strips.

import { columnSeconds, explanations } from "./counts.js";
import { part, show, write } from "./panel.js";
import { heightOf, quantile, total, wilsonInterval } from "./statistics.js";
import { drawBoxes, drawMark, drawShares } from "./strip.js";

// How many standard deviations on both sides hold 99 % and 99.99 % of all samples.
const z99 = 2.5758;
const z9999 = 4;

const versionsShown = 3; // as many as have a pattern
const rateColumns = 5; // The rate is that of the last ten seconds.

// Each cause of failures keeps its pattern while there are failures by it. A seventh cause has none.
const causesByPattern = Array(6).fill("");

// Shows what share of the pages came from the newest version, and whether it agrees with the expected share,
// which is a text in percent or empty.
export function showVersions(columns, counted, expectedPercent) {
  const expected = parseFloat(expectedPercent) / 100;
  const n = total(counted);
  const isNewAwaited = isKnown(expected) && counted.v1 === n;
  const versions = isNewAwaited ? { ...counted, v2: 0 } : counted;
  const names = Object.keys(versions).sort(newestFirst).slice(0, versionsShown);
  const hits = versions[names[0]];
  const interval = wilsonInterval(hits, n, z99);

  showShare(names, hits, n, interval);
  const verdict = `expected ${names[0]} ${expectedPercent} %: ${judge(expected, hits, n)}`;
  show({ verdict: isKnown(expected) && n > 0 ? verdict : "" });
  showLegend("versions", names, versions);

  drawShares("versions", columns, names);
  const strip = part("versions");
  drawMark(strip.querySelector(".band"), interval.low, interval.high);
  drawMark(strip.querySelector(".line"), hits / n);
  drawMark(strip.querySelector(".target"), expected);
}

// Of two versions, it shows the older one as long as the newer one has no pages: "v1 100 %".
function showShare([newest = "", older], hits, n, { low, high }) {
  const shown =
    hits === 0
      ? { name: older, share: 1, from: 1 - high, to: 1 - low }
      : { name: newest, share: hits / n, from: low, to: high };
  show({
    share: `${shown.name} ${percent(shown.share)}`,
    interval: `99 %: ${percent(shown.from)} … ${percent(shown.to)} · n ${whole(n)}`,
  });
}

function judge(expected, hits, n) {
  const seen = wilsonInterval(hits, n, z99);
  if (seen.high - seen.low > 0.2) return "too few pages yet";
  // People look at the verdict for half an hour. In that time the true share is outside a 99 % interval now
  // and then, but hardly ever outside a 99.99 % interval.
  const { low, high } = wilsonInterval(hits, n, z9999);
  return low <= expected && expected <= high ? "holds" : "does not hold";
}

const newestFirst = (a, b) => b.localeCompare(a, "en", { numeric: true });

// Shows how many pages and calls of stock-api failed, and the pages by the first call that failed.
export function showFailures(columns, { failures, stockCalls }) {
  show({ failed: percent(failedShare(failures)), stock: percent(failedShare(stockCalls)) });
  givePatterns(failures);
  showLegend("failures", causesByPattern, failures);
  drawShares("failures", columns, causesByPattern);
}

const failedShare = (counts) => 1 - (counts.fine ?? 0) / total(counts);

function givePatterns({ fine, ...failures }) {
  for (const cause of Object.keys(failures)) {
    if (causesByPattern.includes(cause)) continue;
    const free = causesByPattern.findIndex((earlier) => !(earlier in failures));
    if (free >= 0) causesByPattern[free] = cause;
  }
}

// Shows how long pages took, and the first call of each that was known to be delayed.
export function showLatencies(columns, { latencies, delays }) {
  show({
    median: duration(quantile(latencies, 0.5)),
    p99: duration(quantile(latencies, 0.99)),
  });
  const { fine, ...causes } = delays;
  showLegend("latencies", Object.keys(causes), delays);
  drawBoxes(part("latencies").querySelector(".series"), columns.flatMap(latencyBoxes));
}

// A box for each bin of a column: the more pages, the wider, in the middle of the column.
function latencyBoxes({ age, latencies }) {
  const most = Math.max(...Object.values(latencies));
  return Object.entries(latencies).map(([bin, count]) => {
    const width = 0.2 + (0.7 * count) / most;
    const bottom = heightOf(bin);
    return { age: age + (1 - width) / 2, width, bottom, top: bottom + 0.02 };
  });
}

// Shows how many pages a second were asked for, and why fewer than wanted when all slots are taken.
export function showRate(columns, wanted, areSlotsScarce) {
  const recent = columns.slice(-rateColumns);
  const visits = recent.reduce((sum, column) => sum + column.visits, 0);
  const rate = (visits / recent.length / columnSeconds).toFixed(1);
  const slow = `${rate} of ${wanted} a second: answers take too long for the browser's 6 connections`;
  show({
    achieved: recent.length > 0 ? rate : "–",
    state: rate < 0.9 * wanted && areSlotsScarce ? slow : "",
  });
}

// Fills the rows of a legend; the style hides a row without a share.
function showLegend(name, titles, counts) {
  const rows = [...part(`${name}-legend`).children];
  rows.forEach((row, index) => {
    const title = titles[index] ?? "";
    const count = counts[title];
    const share = count >= 0 ? `${whole(count)} · ${percent(count / total(counts))}` : "";
    const [, titleElement, shareElement, explanationElement] = row.children; // after the pattern
    write(titleElement, title);
    write(shareElement, share);
    write(explanationElement, explanations[title]?.replaceAll("`", "") ?? "");
  });
}

const isKnown = (number) => !Number.isNaN(number);
const whole = (number) => number.toLocaleString("en");

function percent(share) {
  if (!isKnown(share)) return "–";
  const digits = Number.isInteger(share) ? 0 : 1;
  return `${(100 * share).toFixed(digits)}\u202f%`; // a narrow space, at which no line is broken
}

function duration(milliseconds) {
  if (!isKnown(milliseconds)) return "–";
  if (milliseconds < 1000) return `${Number(milliseconds.toPrecision(2))} ms`;
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
