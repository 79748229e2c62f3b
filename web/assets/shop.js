// Buy without leaving the page. Without this script every Buy is a plain form, and the shop works the same.

const tones = { sold: "success", sold_out: "warning" }; // all other outcomes are failures

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
  // A disabled button loses the keyboard; hand it back, to the row when the button is gone.
  if (document.activeElement === document.body) {
    row.tabIndex = -1;
    (button.isConnected ? button : row).focus();
  }
  tell(answer.message, tones[answer.outcome] ?? "failure");
});

// What the shop says, or our own words when something between us and the shop answered instead.
async function buy(url) {
  let response;
  try {
    response = await fetch(url, { method: "POST", headers: { Accept: "application/json" } });
  } catch {
    return { message: "No answer from the shop. Try again in a moment." };
  }
  const answer = await response.json().catch(() => null);
  if (answer?.outcome && answer.message) return answer;
  if (response.status === 403) {
    return { message: "Refused by a policy of the mesh before the shop saw it (403). Nothing was sold." };
  }
  return { message: `The shop could not be reached (${response.status}). Nothing was sold as far as we know.` };
}

function update(row, product) {
  row.dataset.level = product.level;
  row.querySelector(".availability span").textContent = product.availability;
  const icon = row.querySelector(".level use");
  icon.setAttribute("href", icon.getAttribute("href").replace(/#.*/, `#level-${product.level}`));
  if (!product.can_buy) row.querySelector("form")?.remove();
  document.querySelector(".note").hidden = !document.querySelector('tr[data-level="unknown"]');
}

// A new element each time: the same words twice are shown, and read aloud, twice.
function tell(message, tone) {
  const notice = document.createElement("p");
  notice.className = "notice";
  notice.dataset.tone = tone;
  notice.textContent = message;
  document.querySelector(".notices").replaceChildren(notice);
}

// After a Buy without this script the address says ?buy=…; forget it, so a reload does not repeat the notice.
const address = new URL(location.href);
if (address.searchParams.has("buy")) {
  address.searchParams.delete("buy");
  history.replaceState(null, "", address);
}
