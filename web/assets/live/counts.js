// Counts what the visits met, in columns of two seconds. No visit is kept, and columns are forgotten after
// two minutes, so Live may run for hours.

import { latencyBin } from "./statistics.js";

export const columnSeconds = 2;
export const columnsShown = 60;

const columns = []; // the oldest first

// What a failure or a delay means, by its title.
export const explanations = {};

export const columnNow = () => Math.floor(performance.now() / 1000 / columnSeconds);

// Milliseconds until the current column is complete. They are whole, or a timer would drop the fraction and be early.
export const untilNextColumn = () =>
  Math.ceil((columnNow() + 1) * columnSeconds * 1000 - performance.now());

// What a column counts: pages by version, by failure, by delay and by latency bin, and calls of stock-api.
const noCounts = () => ({ versions: {}, failures: {}, delays: {}, latencies: {}, stockCalls: {} });

const add = (counts, name, count = 1) => {
  counts[name] = (counts[name] ?? 0) + count;
};

export function countVisit() {
  currentColumn().visits += 1;
}

// Counts a page that web made; `calls` are the calls that web made for it.
export function countPage(calls, milliseconds) {
  const { versions, failures, delays, latencies, stockCalls } = currentColumn();
  for (const { service, version, error } of calls) {
    if (service === "products-api" && version) add(versions, version);
    if (service === "stock-api") add(stockCalls, error === null ? "fine" : "failed");
  }
  // Without an answer of the supplier the page has all of its rows: it lacks a date beside one.
  const failed = calls.find(({ service, error }) => error !== null && service !== "supplier");
  const delayed = calls.find(({ error, finding }) => error === null && finding);
  add(failures, titleOf(failed));
  add(delays, titleOf(delayed));
  add(latencies, latencyBin(milliseconds));
  for (const call of [failed, delayed]) {
    if (call) explanations[titleOf(call)] = call.finding?.text;
  }
}

// Counts a page that web did not make. How long it took is not counted when something else answered.
export function countFailure(title, milliseconds) {
  const { failures, delays, latencies } = currentColumn();
  add(failures, title);
  add(delays, "fine");
  if (milliseconds !== undefined) add(latencies, latencyBin(milliseconds));
}

function titleOf(call) {
  return call ? `${call.service}: ${call.finding?.title ?? "failed"}` : "fine";
}

export function forgetAll() {
  columns.length = 0;
}

export function sumOfColumns() {
  const sum = noCounts();
  for (const column of recentColumns()) {
    for (const [kind, counts] of Object.entries(sum)) {
      for (const [name, count] of Object.entries(column[kind])) add(counts, name, count);
    }
  }
  return sum;
}

// The columns to draw, with their ages in columns. The current one says little before it is complete.
export function completeColumns() {
  return recentColumns()
    .slice(0, -1)
    .map((column) => ({ ...column, age: columnNow() - 1 - column.number }));
}

function currentColumn() {
  return recentColumns().at(-1);
}

// The last one is the current one: it begins here, even when nothing is counted.
function recentColumns() {
  const now = columnNow();
  if (columns.at(-1)?.number !== now) columns.push({ number: now, visits: 0, ...noCounts() });
  while (columns[0].number <= now - columnsShown) columns.shift();
  return columns;
}
