// Visits the shop at a steady rate, as a program would: the content of the page, as JSON.

import { countFailure, countPage, countVisit } from "./counts.js";

// A browser opens six connections to a host. One of them is left to Buy.
const slots = 5;
const deadline = 10_000; // milliseconds

let visitsUnderWay = 0;
let nextVisit = 0; // milliseconds of performance.now()
let timer;

// Visits now, and goes on. A visit is left out when all slots are taken.
export function startVisits(perSecond) {
  const now = performance.now();
  // When the browser was late, it goes on from now: it does not make up for it with a burst.
  nextVisit = Math.max(nextVisit + 1000 / perSecond, now);
  timer = setTimeout(startVisits, nextVisit - now, perSecond);
  if (visitsUnderWay < slots) visit();
}

export function stopVisits() {
  clearTimeout(timer);
}

export const areSlotsScarce = () => visitsUnderWay > slots / 2;

async function visit() {
  countVisit();
  visitsUnderWay += 1;
  const start = performance.now();
  const milliseconds = () => performance.now() - start;
  try {
    const signal = AbortSignal.timeout(deadline);
    const response = await fetch("/api/shop", { cache: "no-store", signal });
    const { calls } = await response.json().catch(() => ({}));
    if (calls) countPage(calls, milliseconds());
    else countFailure(beforeWeb(response.status));
  } catch {
    countFailure("No answer from the shop", milliseconds());
  }
  visitsUnderWay -= 1;
}

// A policy of the mesh refuses with 403.
function beforeWeb(status) {
  return `${status === 403 ? "Refused" : "Answered"} before web saw it (${status})`;
}
