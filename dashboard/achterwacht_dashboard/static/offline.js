/* The page /offline, shown in place of another: it looks whether the building answers again, and then loads that one. */

const AGAIN_MS = 2000;
const ANSWER_MS = 5000;
const AWAY = [502, 504]; // what stands before the dashboard answers, and the dashboard does not

const line = document.getElementById("tried");

function tried() {
  line.textContent = line.dataset.text.replace("{at}", new Date().toLocaleTimeString("nl-NL"));
}

async function look() {
  tried();
  try {
    const response = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
    if (!AWAY.includes(response.status)) return location.pathname === "/offline" ? location.replace("/") : location.reload();
  } catch {
    // not there
  }
  setTimeout(look, AGAIN_MS);
}

tried(); // the page that this one stands for
setTimeout(look, AGAIN_MS);
