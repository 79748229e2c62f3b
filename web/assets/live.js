// Live: visits the shop at a steady rate, and draws what came back in the last two minutes.
//
// The files in live/ visit, count and show, with the mathematics of it in live/statistics.js. This one
// switches it all on and off, by the panel's switch, its fields and the page's address.

import { columnNow, completeColumns, forgetAll, sumOfColumns, untilNextColumn } from "./live/counts.js";
import { part, show } from "./live/panel.js";
import { showFailures, showLatencies, showRate, showVersions } from "./live/results.js";
import { areSlotsScarce, startVisits, stopVisits } from "./live/visits.js";

const panel = part("panel");
const placeWhileOff = document.createComment("Live, while it is off");
const fields = [part("rate"), part("expect")];
const valid = { live: "", expect: "" }; // the last valid text of each field, by the field's name
let drawing; // the timer

const isOn = () => panel.hasAttribute("data-on");

// Switches Live on or off, and follows the fields.
function turn(on) {
  const isValid = showProblems();
  if (!isValid && !isOn()) {
    movePanel(true);
    return;
  }
  const expectedBefore = valid.expect;
  readFields();
  const isNewQuestion = on !== isOn() || valid.expect !== expectedBefore;
  if (isNewQuestion) forgetAll();

  panel.toggleAttribute("data-on", on);
  part("switch").ariaChecked = on;
  movePanel(on);
  writeAddress(on);
  run();
}

// Says what is wrong with each field, and returns whether nothing is.
function showProblems() {
  const wrong = fields.filter(({ validity }) => !validity.valid);
  const problems = wrong.map(({ title, value }) => `${title}, not “${value}”. `);
  show({ problem: problems.join("") });
  return wrong.length === 0;
}

function readFields() {
  for (const { name, value, validity } of fields) {
    if (validity.valid) valid[name] = value;
  }
}

// The address says what is shown, so that it can be reloaded and sent to others.
function writeAddress(on) {
  const address = new URL(location.href);
  for (const [name, value] of Object.entries(valid)) address.searchParams.set(name, value);
  if (!on) address.searchParams.delete("live");
  if (!valid.expect) address.searchParams.delete("expect");
  history.replaceState(null, "", address);
}

// While Live is on, its panel is on top of the page, for eyes and keyboards alike.
function movePanel(onTop) {
  const isOnTop = panel.previousElementSibling === null;
  if (onTop === isOnTop) return;
  const focused = document.activeElement;
  if (onTop) panel.parentElement.prepend(panel);
  else placeWhileOff.after(panel);
  focused.focus({ preventScroll: true }); // An element that is moved loses the focus.
}

// Visits and draws, or stops both.
function run() {
  stopVisits();
  clearTimeout(drawing);
  if (!isOn()) return;
  if (document.hidden) {
    show({ state: "Paused while this tab is hidden" });
    return;
  }
  const start = columnNow();
  startVisits(Number(valid.live));
  draw(start);
}

// Draws now, and whenever a column is complete. The rate is judged by columns that began after the visits did.
function draw(start) {
  drawing = setTimeout(draw, untilNextColumn(), start);
  const sum = sumOfColumns();
  const columns = completeColumns();
  showVersions(columns, sum.versions, valid.expect);
  showFailures(columns, sum);
  showLatencies(columns, sum);
  const sinceStart = columns.filter(({ number }) => number > start);
  showRate(sinceStart, Number(valid.live), areSlotsScarce());
}

panel.addEventListener("change", () => turn(isOn()));
document.addEventListener("visibilitychange", run);
part("switch").addEventListener("click", () => {
  turn(!isOn());
  panel.scrollIntoView();
});

panel.before(placeWhileOff);
part("switch").disabled = false;
const asked = new URLSearchParams(location.search);
for (const field of fields) field.value = asked.get(field.name) ?? field.value;
turn(asked.has("live"));
