// Live: visits the shop at a steady rate and draws what came back in the last two minutes.
// Visits are counted in columns of two seconds, so it may run for hours.

const columnSeconds = 2;
const span = 60; // columns
const slots = 5; // a browser opens 6 connections to a host; Buy keeps one
const binsADecade = 50;
const decades = 4; // 1 ms to 10 s

const part = (name) => document.getElementById(`live-${name}`);
const panel = part("panel");
const fields = [part("rate"), part("expect")];

const settings = {}; // the last good texts
const findings = {}; // by title
const patterns = [...Array(6), "fine"]; // their titles
const columns = [];
const home = document.createComment("Live, while it is off");
let [due, inFlight] = [0, 0];
let nextTick, nextDraw, since;

// Counting

const timeNow = () => Math.floor(performance.now() / 1000 / columnSeconds);
const empty = () => ({ stock: {}, versions: {}, failures: {}, delays: {}, bins: {} });
const add = (counts, key, by = 1) => (counts[key] = (counts[key] ?? 0) + by);
const total = (counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);

function newest() {
  const time = timeNow();
  if (columns.at(-1)?.time !== time) columns.push({ time, sent: 0, ...empty() });
  while (columns[0].time <= time - span) columns.shift();
  return columns.at(-1);
}

function merge(sum, column) {
  for (const name in sum) for (const key in column[name]) add(sum[name], key, column[name][key]);
  return sum;
}

function count(calls, latency) {
  const { stock, versions, failures, delays, bins } = newest();
  for (const { service, version, error } of calls) {
    if (service === "products-api" && version) add(versions, version);
    if (service === "stock-api") add(stock, error === null ? "fine" : "failed");
  }
  add(failures, titleOf(calls.find(({ error }) => error !== null)));
  add(delays, titleOf(calls.find(({ error, finding }) => error === null && finding)));
  const decade = Math.min(Math.log10(Math.max(latency, 1)), decades);
  if (latency) add(bins, Math.round(decade * binsADecade));
}

function titleOf({ service, error = "fine", finding } = {}) {
  const title = service ? `${service}: ${finding?.title ?? "failed"}` : error;
  findings[title] = finding;
  return title;
}

function quantile(bins, q) {
  let left = q * total(bins);
  const bin = Object.keys(bins).find((bin) => (left -= bins[bin]) <= 0);
  const ms = 10 ** (bin / binsADecade);
  if (ms < 1000) return `${Number(ms.toPrecision(2))} ms`;
  return ms ? `${(ms / 1000).toFixed(1)} s` : "–";
}

// The Wilson interval, right near 0 % and 100 % too.
function interval(hits, n, z) {
  const z2 = z ** 2;
  const centre = hits + z2 / 2;
  const margin = Math.sqrt(z2 * ((hits * (n - hits)) / n + z2 / 4));
  return [hits && (centre - margin) / (n + z2), hits === n ? 1 : (centre + margin) / (n + z2)];
}

// Visiting

function tick() {
  const now = performance.now();
  due = Math.max(due + 1000 / settings.live, now); // after a hiccup go on from now: no burst
  nextTick = setTimeout(tick, due - now);
  if (inFlight < slots) visit();
}

async function visit() {
  newest().sent += 1;
  inFlight += 1;
  const start = performance.now();
  try {
    const response = await fetch("/api/shop", { cache: "no-store", signal: AbortSignal.timeout(10_000) });
    const { calls } = await response.json().catch(() => ({}));
    if (calls) count(calls, performance.now() - start);
    else count([{ error: `${response.status === 403 ? "Refused" : "Answered"} before web saw it (${response.status})` }]);
  } catch {
    count([{ error: "No answer from the shop" }], performance.now() - start);
  }
  inFlight -= 1;
}

// Drawing

const percent = (share) => (share >= 0 ? `${(100 * share).toFixed(share % 1 ? 1 : 0)} %` : "–");

// Equal text is left alone: it may be selected.
const write = (element, text) => element.textContent === text || (element.textContent = text);
const show = (texts) => { for (const name in texts) write(part(name), texts[name]); };

function draw() {
  newest(); // forgets the oldest
  const sum = columns.reduce(merge, empty());
  drawVersions(sum);
  drawFailures(sum);
  drawLatencies(sum);
  showRate(columns.slice(-6, -1).filter(({ time }) => time > since));
}

function drawVersions({ versions }) {
  const n = total(versions);
  if (settings.expect && versions.v1 === n) versions.v2 = 0; // nobody got it yet
  const byNumber = (a, b) => b.localeCompare(a, "en", { numeric: true });
  const names = Object.keys(versions).sort(byNumber).slice(0, 3);
  const hits = versions[names[0]];
  const [low, high] = interval(hits, n, 2.5758); // 99 %
  const [share, from, to] = (hits === 0 ? [1, 1 - high, 1 - low] : [hits / n, low, high]).map(percent);
  const expected = parseFloat(settings.expect) / 100;
  // Looked at for half an hour, an interval of 99 % misses a true share now and then; one of 99.99 % hardly does.
  const [least, most] = interval(hits, n, 4);
  const judged = least <= expected && expected <= most ? "holds" : "does not hold";
  const verdict = high - low > 0.2 ? "too few pages yet" : judged;
  show({
    share: `${names[hits ? 0 : 1] ?? ""} ${share}`,
    interval: `99 %: ${from} … ${to} · n ${n.toLocaleString("en")}`,
    verdict: n && expected >= 0 ? `expected ${names[0]} ${settings.expect} %: ${verdict}` : "",
  });
  const marks = [[3, low, high, 0, span], [4, hits / n, hits / n, 0, span], [5, expected, expected, 0, span]];
  drawShares("versions", names, versions, marks);
}

function drawFailures({ failures, stock }) {
  const failed = (counts) => percent(1 - (counts.fine ?? 0) / total(counts));
  show({ failed: failed(failures), stock: failed(stock) });
  for (const title in failures) {
    const free = patterns.findIndex((title) => title !== "fine" && !failures[title]);
    if (free >= 0 && !patterns.includes(title)) patterns[free] = title; // a seventh cause has none
  }
  drawShares("failures", patterns, failures);
}

function drawLatencies({ bins, delays }) {
  show({ median: quantile(bins, 0.5), p99: quantile(bins, 0.99) });
  const { fine, ...causes } = delays;
  legend("latencies", Object.keys(causes), delays);
  drawStrip("latencies", ({ bins }, age) => Object.entries(bins).map(([bin, count]) => {
    const bottom = bin / binsADecade / decades;
    const wide = 0.2 + (0.7 * count) / Math.max(...Object.values(bins));
    return [0, bottom, bottom + 0.02, age + (1 - wide) / 2, wide];
  }));
}

function showRate(recent) {
  const rate = (total(recent.map(({ sent }) => sent)) / recent.length / columnSeconds).toFixed(1);
  const slow = `${rate} of ${settings.live} a second: answers take too long for the browser's 6 connections`;
  const state = rate < 0.9 * settings.live && inFlight > slots / 2 ? slow : "";
  show({ achieved: recent.length ? rate : "–", state });
}

function drawShares(name, titles, counts, marks) {
  legend(name, titles, counts);
  drawStrip(name, (column, age) => {
    let top = 0;
    return titles.map((title, series) => [series, top, (top += (column[name][title] ?? 0) / total(column[name])), age, 0.9]);
  }, marks);
}

// The page hides a row without a share.
function legend(name, titles, counts) {
  [...part(`${name}-legend`).children].forEach((row, i) => {
    const count = counts[titles[i]];
    const share = count >= 0 ? `${count.toLocaleString("en")} · ${percent(count / total(counts))}` : "";
    const text = findings[titles[i]]?.text.replaceAll("`", "");
    [titles[i], share, text].forEach((text, j) => write(row.children[j + 1], text ?? ""));
  });
}

// A box is [series, bottom and top in shares of the height, age and width in columns].
function drawStrip(name, boxesOf, marks = []) {
  const { width, height } = part(name).getBoundingClientRect();
  const paths = [...part(name).querySelectorAll(".series")];
  const outlines = paths.map(() => "");
  const now = timeNow() - 1; // the newest column is not complete, and says little
  const complete = columns.filter(({ time }) => time <= now);
  const boxes = complete.flatMap((column) => boxesOf(column, now - column.time));
  for (const [series, bottom, top, age, wide] of boxes.concat(marks)) {
    const w = (width * wide) / span;
    const h = height * (top - bottom);
    if (h >= 0) outlines[series] += `M${width * (1 - age / span)} ${height * (1 - top)}h${-w}v${h}h${w}z`;
  }
  paths.forEach((path, i) => path.setAttribute("d", outlines[i]));
}

// Switching

const isOn = () => panel.hasAttribute("data-on");

function turn(on) {
  const wrong = fields.filter(({ validity }) => !validity.valid);
  show({ problem: wrong.map(({ title, value }) => `${title}, not “${value}”. `).join("") });
  if (wrong.length && !isOn()) return place(true);
  const before = settings.expect;
  for (const { name, value, validity } of fields) if (validity.valid) settings[name] = value;

  if (on !== isOn() || settings.expect !== before) columns.length = 0; // another question
  panel.toggleAttribute("data-on", on);
  place(on);
  part("switch").ariaChecked = on;
  const address = new URL(location.href);
  for (const name in settings) address.searchParams.set(name, settings[name]);
  if (!on) address.searchParams.delete("live");
  if (!settings.expect) address.searchParams.delete("expect");
  history.replaceState(null, "", address);
  run();
}

// On top of the page while it is on, for eyes and keyboards alike.
function place(onTop) {
  const { parentElement, previousElementSibling } = panel;
  if (onTop === !previousElementSibling) return;
  const focused = document.activeElement;
  if (onTop) parentElement.prepend(panel);
  else home.after(panel);
  focused.focus({ preventScroll: true });
}

function run() {
  clearTimeout(nextTick);
  clearInterval(nextDraw);
  if (!isOn()) return;
  if (document.hidden) return show({ state: "Paused while this tab is hidden" });
  since = timeNow();
  nextDraw = setInterval(draw, 1000);
  tick();
  draw();
}

panel.addEventListener("change", () => turn(isOn()));
document.addEventListener("visibilitychange", run);
part("switch").addEventListener("click", () => {
  turn(!isOn());
  panel.scrollIntoView();
});

panel.before(home);
panel.hidden = false;
const asked = new URLSearchParams(location.search);
for (const field of fields) field.value = asked.get(field.name) ?? field.value;
turn(asked.has("live"));
