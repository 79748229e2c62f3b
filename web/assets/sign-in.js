// Who the person is, without leaving the page. shop.js loads this script where one can sign in, and when the
// mesh refused a token.

const panel = document.querySelector(".sign-in");
if (panel) {
  panel.addEventListener("submit", submit);
  showBuyer();
}

// Sign in, or Sign out.
async function submit(event) {
  event.preventDefault();
  const form = event.target;
  const body = new URLSearchParams(new FormData(form));
  const headers = { Accept: "application/json" };
  // A redirect that is not followed has the type opaqueredirect.
  const request = { method: "POST", body, headers, redirect: "manual" };
  const answer = await fetch(form.action, request).catch(() => null);
  if (answer?.type === "opaqueredirect") {
    form.reset();
    showBuyer();
  } else {
    const problem = await answer?.json().catch(() => null);
    say(problem?.detail ?? "That did not reach the shop. Try again in a moment.", "failure");
  }
}

// Shows as whom the mesh lets this person buy.
async function showBuyer() {
  try {
    const response = await fetch("/buy", { headers: { Accept: "application/json" } });
    const text = await response.text();
    if (response.ok) greet(JSON.parse(text).buyer);
    else if (response.status === 401) say(describeRefusal(text), "failure");
    else say(`Something before the shop answered ${response.status}.`, "failure");
  } catch {
    say("No answer from the shop.", "failure");
  }
}

function greet(buyer) {
  if (!buyer) return say("You are not signed in: no token with a name came.", "warning");
  const role = buyer.role ? `with the role ${buyer.role}` : "without a role";
  say(`You are ${buyer.name}, ${role}: web's sidecar accepted your token.`, "success");
}

// What web's sidecar meant when it refused a token with 401 and these words.
export function describeRefusal(text) {
  const known = {
    "Jwt is expired": "Your token has expired",
    "Jwt verification fails": "The signature of your token is not by the issuer's key",
    "Jwt issuer is not configured": "Nobody here knows the issuer of your token",
  };
  const why = known[text] ?? `Your token cannot be used: ${text}`;
  return `${why}, so web's sidecar refused it (401).`;
}

function say(text, tone) {
  const state = panel.querySelector("[role=status]");
  state.dataset.tone = tone;
  state.textContent = text.replaceAll("`", "");
}
