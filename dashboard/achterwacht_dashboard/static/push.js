/* Messages on this device (templates/push.html): asks for permission by a tap, registers this browser at the house, and
   again whenever somebody looks, for a browser may change its registration. Says in words what is missing.

   Nothing is said to be on but what the house has just taken. */

const AGAIN_MS = 2000; // after no answer of the house
const ANSWER_MS = 5000;
const WORKER_MS = 20000; // for the service worker to be there, and the push service to answer
const TOO_MANY = 429;

const box = document.getElementById("push");
const line = document.getElementById("push-state");
const turnOn = document.getElementById("push-on");

/** Say how it stands: one of the texts on the box. */
function say(state, why = "") {
  const text = box.dataset[state].replace("{why}", () => why);
  if (line.textContent !== text) line.textContent = text;
  box.dataset.state = state;
  turnOn.hidden = !["off", "dismissed", "failed"].includes(state);
}

/** What this browser lacks, as the name of a text; empty when nothing. */
function missing() {
  if (!window.isSecureContext) return "insecure";
  if ("serviceWorker" in navigator && "PushManager" in window && "Notification" in window) return "";
  const isApple = /iPhone|iPad|iPod/.test(navigator.userAgent) || (navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1);
  return isApple && !navigator.standalone ? "iphone" : "unsupported";
}

async function look() {
  const lacks = missing();
  if (lacks) return say(lacks);
  const worker = navigator.serviceWorker.register("/sw.js").then(() => navigator.serviceWorker.ready);
  worker.catch(() => {}); // without permission nobody waits for it
  say("checking");
  const asked = await ask("/push/key"); // nobody is asked to allow what cannot come
  if (asked.why) return say("noHouse", asked.why);
  if (Notification.permission === "denied") return say("denied");
  if (Notification.permission === "default") return say("off");
  await register(worker, asked.text);
}

async function register(worker, key) {
  let subscription;
  try {
    subscription = await within(WORKER_MS, subscribed(await within(WORKER_MS, worker), key));
  } catch (error) {
    return say("failed", error.message);
  }
  const { endpoint, keys } = subscription.toJSON();
  const body = JSON.stringify({ endpoint, p256dh: keys.p256dh, auth: keys.auth, id: crypto.randomUUID() });
  const answered = await ask("/do/register", { method: "POST", headers: { "Content-Type": "application/json" }, body });
  if (answered.why) return say("notTaken", answered.why);
  const outcome = JSON.parse(answered.text);
  if (outcome.result === "accepted") say(outcome.durable ? "on" : "heldBack");
  else say("notTaken", outcome.note);
}

/** The subscription of this browser with the key of this house; one with another key is of no use to it. */
async function subscribed(registration, key) {
  let subscription = await registration.pushManager.getSubscription();
  const its = subscription?.options?.applicationServerKey; // not every browser tells
  if (its && text64(its) !== key) {
    await subscription.unsubscribe();
    subscription = null;
  }
  return subscription ?? registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

/** Ask the house, until it answers. Returns the `text` of its answer; of a refusal its `why`. */
async function ask(path, how = {}) {
  for (;;) {
    try {
      const response = await fetch(path, { ...how, signal: AbortSignal.timeout(ANSWER_MS) });
      if (response.ok) return { text: await response.text() };
      if (response.status < 500 && response.status !== TOO_MANY) return { why: await reason(response) };
    } catch {
      // no network, or no answer
    }
    say("away");
    await new Promise((done) => setTimeout(done, AGAIN_MS));
  }
}

async function reason(response) {
  try {
    const { detail } = await response.json();
    return typeof detail === "string" ? detail : String(response.status);
  } catch {
    return String(response.status);
  }
}

function within(ms, promise) {
  return Promise.race([promise, new Promise((_, fail) => setTimeout(() => fail(new Error(`> ${ms / 1000} s`)), ms))]);
}

/** Bytes as base64url. */
function text64(buffer) {
  const text = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

let isLooking = false;

async function lookOnce() {
  if (isLooking || document.hidden) return;
  isLooking = true;
  try {
    await look();
  } finally {
    isLooking = false;
  }
}

turnOn.addEventListener("click", async () => {
  turnOn.hidden = true;
  if ((await Notification.requestPermission()) === "default") say("dismissed");
  else await lookOnce();
});
document.addEventListener("visibilitychange", lookOnce);
await lookOnce();
