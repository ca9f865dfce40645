/* Buttons that are commands: <form data-command action="/do/answer">. What is pressed is sent with an id of its own, and
   again with the same id until it is answered or too old: the daemon does it once. Nobody waits for an empty screen: the
   button says at once that it was pressed. */

const AGAIN_MS = 1000; // after no answer, or one that says that the daemon is away
const GIVE_UP_MS = 20000; // then a person must decide anew whether it is still wanted
const READ_MS = 6000; // how long it stands there that something has arrived
const texts = () => document.getElementById("said").dataset;

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-command]")) return;
  event.preventDefault();
  const button = event.submitter ?? form.querySelector("button");
  const values = Object.fromEntries(new FormData(form, button).entries());
  send(form.getAttribute("action"), values, button, button.dataset.said ?? button.textContent.trim());
});

/** Send a command, and tell what becomes of it: on the button that was pressed, and in words. Returns the daemon's answer,
    or null when none came. */
export async function send(action, values, button, what) {
  const line = tell(what, texts().sent, "sent");
  if (button) button.dataset.state = "sent";
  const body = JSON.stringify({ ...values, id: newId() });
  const until = performance.now() + GIVE_UP_MS;
  let outcome = null;
  let why = "";
  while (outcome === null && !why) {
    try {
      const response = await fetch(action, { method: "POST", headers: { "Content-Type": "application/json" }, body, signal: AbortSignal.timeout(5000) });
      if (response.ok) outcome = await response.json();
      else if (response.status === 401) why = texts().login;
      else if (response.status !== 503 && response.status !== 429) why = await reason(response);
    } catch {
      // no network, or no answer: the same id again is the same wish
    }
    if (outcome === null && !why) {
      if (performance.now() > until) why = texts().unknown;
      else {
        line.textContent = `${what}: ${texts().again}`;
        await new Promise((done) => setTimeout(done, AGAIN_MS));
      }
    }
  }
  const good = outcome?.result === "accepted";
  const words = !outcome ? why : good ? (outcome.durable ? texts().done : texts().held) : outcome.note || texts().refused;
  line.textContent = `${what}: ${words}`;
  line.dataset.state = good ? "done" : "failed";
  if (button) button.dataset.state = good ? "done" : "failed";
  setTimeout(() => line.remove(), good ? READ_MS : 3 * READ_MS);
  if (button) setTimeout(() => delete button.dataset.state, READ_MS);
  document.dispatchEvent(new CustomEvent("commanded", { detail: { action, values, outcome } }));
  return outcome;
}

function tell(what, words, state) {
  const line = document.createElement("p");
  line.textContent = `${what}: ${words}`;
  line.dataset.state = state;
  document.getElementById("said").append(line);
  return line;
}

async function reason(response) {
  try {
    const { detail } = await response.json();
    return typeof detail === "string" ? detail : texts().refused;
  } catch {
    return texts().refused;
  }
}

/** 128 bits as hex. randomUUID() is only there over https; this is everywhere. */
function newId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
