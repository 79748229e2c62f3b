// Buy, and be a test user, without leaving the page. Without this script both are plain forms, and the shop
// works the same, without Live.

const maybeSold = "It may be sold or not: the availability will tell.";

// Buy

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches('form[action^="/buy/"]')) return;
  event.preventDefault();

  const row = form.closest("tr");
  const button = form.querySelector("button");
  button.disabled = true;
  const answer = await buy(form.action);
  button.disabled = false;
  if (answer.product) update(row, answer.product);
  // A disabled button loses the focus of the keyboard. It goes back, or to the row when the button is gone.
  if (document.activeElement === document.body) {
    row.tabIndex = -1;
    (button.isConnected ? button : row).focus();
  }
  const tones = { sold: "success", sold_out: "warning" };
  notify(answer.message, tones[answer.outcome] ?? "failure");
});

// What the shop says, or our own words when something between us and the shop answered instead.
async function buy(url) {
  let response;
  try {
    response = await fetch(url, { method: "POST", headers: { Accept: "application/json" } });
  } catch {
    return { message: `No answer from the shop. ${maybeSold}` };
  }
  const text = await response.text().catch(() => "");
  const answer = text.startsWith("{") ? JSON.parse(text) : null;
  if (answer?.outcome && answer.message) return answer;
  if (answer?.detail) return { message: describeProblem(answer, response.status) };
  if (response.status === 401) return { message: `Nothing was sold. ${await explainRefusal(text)}` };
  if (text.startsWith("RBAC: access denied")) return { message: describeDenial() };
  return { message: `Something before the shop answered ${response.status}. ${maybeSold}` };
}

// The file with the sidecar's words may not come: after a network error, a browser asks again.
async function explainRefusal(text) {
  const file = await import("./sign-in.js").catch(() => null);
  const why = file?.describeRefusal(text) ?? "web's sidecar refused your token (401).";
  return why + " `istio/demo6/jwt/people.yaml` says which tokens it accepts.";
}

function describeDenial() {
  const opens = document.querySelector(".sign-in")
    ? "`istio/demo6/jwt/buyers-only.yaml` demands a token with the role buyer."
    : "`istio/demo3/authz/allow-buy.yaml` opens it.";
  return (
    "A policy of the mesh refused it (403): nothing was sold. Refused by web's own sidecar, or a " +
    `gateway's, before the shop saw it: ${opens}`
  );
}

function describeProblem({ title, detail, changed }, status) {
  const isUnsold = status < 500 || changed === false;
  return isUnsold ? `${title}: ${detail}` : `${title}: ${detail} ${maybeSold}`;
}

function update(row, product) {
  row.dataset.level = product.level;
  row.querySelector(".availability span").textContent = product.availability;
  row.querySelector(".availability small")?.remove(); // why it was unknown, or late
  const icon = row.querySelector(".level use");
  icon.setAttribute("href", icon.getAttribute("href").replace(/#.*/, `#level-${product.level}`));
  if (!product.can_buy) row.querySelector("form")?.remove();
  document.querySelector(".note").hidden = !document.querySelector('tr[data-level="unknown"]');
}

// After a Buy without this script the address says ?buy=…; without it, a reload does not repeat the notice.
const address = new URL(location.href);
if (address.searchParams.has("buy")) {
  address.searchParams.delete("buy");
  history.replaceState(null, "", address);
}

// Be a test user

// The form leads to the shop's plain address. A reload keeps the address, with what it says.
document.addEventListener("submit", async (event) => {
  if (!event.target.matches('form[action="/test-user"]')) return;
  event.preventDefault();
  // A redirect that is not followed has the type opaqueredirect.
  const url = `/test-user?on=${event.submitter.value}`;
  const answer = await fetch(url, { redirect: "manual" }).catch(() => null);
  if (answer?.type === "opaqueredirect") location.reload();
  else notify("The switch did not reach the shop. Try again in a moment.", "failure");
});

// Sign in

if (document.querySelector(".sign-in")) import("./sign-in.js");

// Copy

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard; // browsers have none on plain HTTP, but for localhost
  button.addEventListener("click", async () => {
    const copying = navigator.clipboard.writeText(button.dataset.copy);
    const isCopied = await copying.then(() => true, () => false);
    button.textContent = isCopied ? "Copied" : "Not allowed";
  });
}

// Live

// Its seven files are asked for once the page is drawn. A page that reports an error has no Live.
if (document.querySelector(".live")) {
  requestAnimationFrame(() => setTimeout(() => import("./live.js")));
}

// Notices

// A new element each time: the same words twice are shown, and read aloud, twice.
function notify(message, tone) {
  const notice = document.createElement("p");
  notice.className = "notice";
  notice.dataset.tone = tone;
  const words = document.createElement("span");
  words.append(...withCode(message));
  notice.append(words);
  document.querySelector(".notices")?.replaceChildren(notice);
}

// What stands between backquotes is code.
function withCode(message) {
  return message.split("`").map((part, index) => {
    if (index % 2 === 0) return part;
    const code = document.createElement("code");
    code.textContent = part;
    return code;
  });
}
