/* The service worker: it shows what is pushed while no page is open, brings an answer by a button to the building, and
   shows the page /offline when the building does not answer.

   BUILD, LANGUAGE and WORDS are written before it by the server (push.py). No message may go unseen: whatever is in it,
   and whatever else fails, a notification stands. Nothing that could be old is kept but the page /offline. */

const RINGS = ["alarm", "call_112", "drill", "unreadable", "failed"]; // must be felt; what nobody can read may be an alarm
const STAYS = ["alarm", "call_112", "unreadable", "failed", "lost"]; // until somebody does something about it
const QUIET = ["update", "test", "check", "answered"];
const ASKED = "asked for"; // by a person, not by the daily round
const VIBRATE_MS = [500, 250, 500, 250, 500, 250, 1000];
const BUTTONS_MAX = 2; // what a notification has room for
const AGAIN_MS = 1000; // after no answer, or one that says that the building is away
const GIVE_UP_MS = 20000; // then a person must decide anew whether it is still wanted
const ANSWER_MS = 5000;
const PAGE_MS = 15000; // a page that takes longer is not there
const TEST_STANDS_MS = 10000; // a test that was shown has done its work
const AWAY = [502, 504]; // what stands before the dashboard answers, and the dashboard does not
const TOO_MANY = 429;

// --- a message -----------------------------------------------------------------------------------------------------------

self.addEventListener("push", (event) => event.waitUntil(pushed(event.data)));

async function pushed(data) {
  const said = read(data);
  // Side by side: no receipt holds up a notification.
  await Promise.all([receipt(said, "received"), show(said).then(() => receipt(said, "shown"))]);
  if (said.kind === "test") setTimeout(() => close((other) => other.kind === "test"), TEST_STANDS_MS);
}

/** What a message says, in the form that all else relies on. One that cannot be read is one too. */
function read(data) {
  let said = null;
  try {
    said = data.json();
  } catch {
    // empty, or not JSON
  }
  const text = (name) => (typeof said?.[name] === "string" ? said[name] : "");
  if (!text("title") || !text("kind")) {
    return { kind: "unreadable", order: text("order"), proof: text("proof"), incident: "", title: WORDS.unreadable, text: WORDS.unreadable_text, buttons: [] };
  }
  const buttons = (Array.isArray(said.buttons) ? said.buttons : []).filter(
    (button) => [button?.label, button?.answer, button?.token].every((part) => typeof part === "string" && part),
  );
  return { kind: text("kind"), reason: text("reason"), order: text("order"), proof: text("proof"), incident: text("incident"), title: text("title"), text: text("text"), buttons };
}

async function show(said) {
  try {
    await self.registration.showNotification(said.title, looks(said));
  } catch {
    await self.registration.showNotification(said.title, { body: said.text, data: said }); // an option that this browser does not bear
  }
  if (said.kind === "over" && said.incident) await close((other) => other.incident === said.incident && other.kind !== "over");
}

function looks(said) {
  const isQuiet = QUIET.includes(said.kind) && said.reason !== ASKED; // who tests a telephone wants to hear it
  return {
    body: said.text,
    lang: LANGUAGE,
    tag: tag(said),
    renotify: !isQuiet,
    silent: isQuiet,
    requireInteraction: STAYS.includes(said.kind),
    ...(RINGS.includes(said.kind) ? { vibrate: VIBRATE_MS } : {}),
    actions: said.buttons.slice(0, BUTTONS_MAX).map(({ answer, label }) => ({ action: answer, title: label })),
    icon: `/static/icons/192.png?${BUILD}`,
    badge: `/static/icons/badge.png?${BUILD}`,
    data: said,
  };
}

/** What a notification takes the place of: what was said before of the same alarm; but what is quiet never of what rings. */
function tag(said) {
  if (said.kind === "test") return "test";
  const about = said.incident || said.order || said.kind;
  if (said.kind === "answered" || said.kind === "failed") return `answer ${about}`;
  return said.kind === "update" ? `update ${about}` : about;
}

async function close(which) {
  for (const notification of await self.registration.getNotifications()) {
    if (notification.data && which(notification.data)) notification.close();
  }
}

/** Tell the building how far a message has come. Never throws: that it could not be told is no reason to do nothing else. */
async function receipt(said, stage) {
  const { order, proof } = said;
  if (order && proof) await post("/receipt", { order, proof, stage });
}

// --- an answer -----------------------------------------------------------------------------------------------------------

self.addEventListener("notificationclick", (event) => {
  const said = event.notification.data;
  const button = said.buttons.find(({ answer }) => answer === event.action);
  const { notification } = event;
  if (button) notification.close(); // what comes of it stands in its place
  event.waitUntil(button ? answer(said, button) : openTeam().then(() => notification.close()));
});

/** Bring it to the building, and say what came of it. One that did not count must be felt, and can be given again. */
async function answer(said, button) {
  const answering = post("/redeem", { token: button.token });
  await tell(said, button, "answered", WORDS.sent, []).catch(() => {});
  const outcome = await answering;
  if (outcome?.result === "accepted") {
    const others = said.buttons.filter((other) => other !== button);
    await tell(said, button, "answered", outcome.durable ? WORDS.done : WORDS.held, others);
  } else if (outcome?.result === "closed") {
    await tell(said, button, "answered", outcome.note || WORDS.refused, []);
  } else {
    await tell(said, button, "failed", outcome ? outcome.note || WORDS.refused : WORDS.unanswered, said.buttons);
  }
}

/** What came of an answer stands before what it was about: somebody who runs must still read where to. */
function tell(said, button, kind, words, buttons) {
  const about = said.about ?? said.text;
  return show({ ...said, kind, about, text: `${button.label}: ${words}\n${about}`, buttons });
}

/** The page of the team: the one that is open, or a new one. */
async function openTeam() {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const team = windows.find(({ url }) => new URL(url).pathname === "/team");
  await (team ? team.focus() : self.clients.openWindow("/team"));
}

/** Say something to the dashboard, with the same id until it answers or it is too late. Returns the answer; null when none
    came. Never throws. */
async function post(path, said) {
  const body = JSON.stringify({ ...said, id: crypto.randomUUID() });
  const until = performance.now() + GIVE_UP_MS;
  do {
    try {
      const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body, signal: AbortSignal.timeout(ANSWER_MS) });
      if (response.ok) return await response.json();
      if (response.status < 500 && response.status !== TOO_MANY) return { result: "refused", note: await reason(response) };
    } catch {
      // no network, or no answer: the same id again is the same wish
    }
    await new Promise((done) => setTimeout(done, AGAIN_MS));
  } while (performance.now() < until);
  return null;
}

async function reason(response) {
  try {
    const { detail } = await response.json();
    return typeof detail === "string" ? detail : "";
  } catch {
    return "";
  }
}

// --- the registration ----------------------------------------------------------------------------------------------------

/* The browser has changed its registration by itself. When the building does not get the new one it cannot ring here, and
   somebody must know. */
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(subscribeAgain()));

async function subscribeAgain() {
  try {
    const applicationServerKey = await (await fetch("/push/key")).text();
    const subscription = await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
    const { endpoint, keys } = subscription.toJSON();
    const outcome = await post("/do/register", { endpoint, p256dh: keys.p256dh, auth: keys.auth });
    if (outcome?.result === "accepted") return;
  } catch {
    // told below
  }
  await show({ kind: "lost", order: "", incident: "", title: WORDS.lost, text: WORDS.lost_text, buttons: [] });
}

// --- when the building does not answer -----------------------------------------------------------------------------------

const CACHE = `offline ${BUILD}`;
const DESK = "/balie/"; // nothing red is ever shown there
const KEPT = ["/offline", `/static/icon.svg?${BUILD}`, `/static/offline.css?${BUILD}`, `/static/offline.js?${BUILD}`];

self.addEventListener("install", (event) => {
  event.waitUntil(Promise.all([caches.open(CACHE).then((cache) => cache.addAll(KEPT)), self.skipWaiting()]));
});

self.addEventListener("activate", (event) => event.waitUntil(Promise.all([forgetOld(), self.clients.claim()])));

async function forgetOld() {
  for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
}

self.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname, search } = new URL(url);
  if (method !== "GET" || origin !== self.location.origin || pathname.startsWith(DESK)) return;
  if (mode === "navigate") event.respondWith(page(event.request));
  else if (KEPT.includes(pathname + search)) event.respondWith(caches.match(pathname + search).then((kept) => kept ?? fetch(event.request)));
});

/** A page as it is now, or the word that there is none. */
async function page(request) {
  try {
    const late = new Promise((_, fail) => setTimeout(() => fail(new Error("late")), PAGE_MS));
    const response = await Promise.race([fetch(request), late]);
    if (!AWAY.includes(response.status)) return response;
  } catch {
    // not there
  }
  return (await caches.match("/offline")) ?? Response.error();
}
