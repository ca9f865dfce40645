/* Buttons that are commands: <form data-command action="/do/answer">. What is pressed is sent with an id of its own, and
   again with the same id until it is answered or too old: the daemon does it once. Nobody waits for an empty screen: the
   button says at once that it was pressed. What failed stays there until it was seen, or done after all.

   Two wishes of one kind are sent one after the other, so that the last word of a person is the last that arrives. */

import "./settle.js";

const AGAIN_MS = 1000; // after no answer, or one that says that the daemon is away
const ANSWER_MS = 5000; // the dashboard answers within three seconds, also when the daemon does not
const GIVE_UP_MS = 20000; // then a person must decide anew whether it is still wanted
const TWICE_MS = 600; // the same button so soon again is a hand that shakes, and one wish
const READ_MS = 6000; // how long it stands there that something has arrived
const REASON_MS = 18000; // and at least, why not
const FAILED_MS = [200, 100, 200]; // so it shakes: it must be felt in a pocket
const LATER = [429]; // and whatever begins with 5: nobody knows whether it was done

const texts = () => document.getElementById("said").dataset;
const wishes = new Map(); // by what is said: the wish that is under way, or was just made
const last = new Map(); // by action: the newest wish, until it is over
const newest = new WeakMap(); // by button: the line about the newest press of it
const failed = new Map(); // by line: the wish that failed
let missed = null; // the line about a press that was none

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-command]")) return;
  event.preventDefault();
  const button = event.submitter ?? form.querySelector("button");
  const values = Object.fromEntries(new FormData(form, button).entries());
  send(form.getAttribute("action"), values, button, button.dataset.said ?? button.textContent.trim());
});

/* Leaving now would leave it open whether it was done. */
window.addEventListener("beforeunload", (event) => {
  if (last.size) event.preventDefault();
});

/** Send a command, and tell what becomes of it: on the button that was pressed, and in words. Returns the daemon's answer,
    or null when none came. The same again while it is under way is the same wish. */
export function send(action, values, button, what) {
  const same = JSON.stringify([action, values]);
  if (wishes.has(same)) return wishes.get(same);
  const wish = fulfil(same, action, values, button, what);
  wishes.set(same, wish);
  const soon = new Promise((done) => setTimeout(done, TWICE_MS));
  Promise.allSettled([wish, soon]).then(() => wishes.delete(same));
  return wish;
}

async function fulfil(same, action, values, button, what) {
  const line = tell(`${what}: ${texts().sent}`, "sent");
  if (button) newest.set(button, line);
  mark(button, line, "sent");
  const body = JSON.stringify({ ...values, id: newId() });
  const until = performance.now() + GIVE_UP_MS;
  const before = last.get(action);
  const asking = Promise.resolve(before).then(() => ask(action, body, until, () => write(line, `${what}: ${texts().again}`)));
  last.set(action, asking);
  document.documentElement.toggleAttribute("data-sending", true);
  const { outcome, why } = await asking;
  if (last.get(action) === asking) last.delete(action);
  document.documentElement.toggleAttribute("data-sending", last.size > 0);
  const good = outcome?.result === "accepted";
  const words = !outcome ? why : good ? (outcome.durable ? texts().done : texts().held) : outcome.note || texts().refused;
  write(line, `${what}: ${words}`);
  mark(button, line, good ? "done" : "failed");
  for (const [old, wish] of failed) if (wish.same === same) forget(old);
  if (good) setTimeout(() => clear(line, button), READ_MS);
  else keep(line, { same, button, incident: values.incident });
  document.dispatchEvent(new CustomEvent("commanded", { detail: { action, values, outcome } }));
  return outcome;
}

/** Ask until there is an answer: `outcome`, or in words `why` there is none. */
async function ask(action, body, until, again) {
  for (;;) {
    try {
      const response = await fetch(action, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body,
        keepalive: true, // it arrives even when the page is left
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      if (response.ok) return { outcome: await response.json() };
      if (response.status === 401) return { why: texts().login };
      if (response.status < 500 && !LATER.includes(response.status)) return { why: await reason(response) };
    } catch {
      // no network, or no answer: the same id again is the same wish
    }
    if (performance.now() + AGAIN_MS > until) return { why: texts().unknown };
    again();
    await new Promise((done) => setTimeout(done, AGAIN_MS));
  }
}

function tell(text, state) {
  const line = document.createElement("p");
  line.textContent = text;
  line.dataset.state = state;
  const said = document.getElementById("said");
  said.append(line);
  said.scrollTop = said.scrollHeight; // where there is room for few, the newest
  return line;
}

/** How it stands, on the line and on its button; a button that was pressed again tells of that press. */
function mark(button, line, state) {
  line.dataset.state = state;
  if (button && newest.get(button) === line) button.dataset.state = state;
}

function clear(line, button) {
  line.remove();
  if (button && newest.get(button) === line) delete button.dataset.state;
}

/** A press that failed is felt, and stands there until somebody has seen it. */
function keep(line, wish) {
  failed.set(line, { ...wish, readAt: performance.now() + REASON_MS });
  const seen = document.createElement("button");
  seen.type = "button";
  seen.textContent = texts().seen;
  seen.addEventListener("click", () => forget(line));
  line.append(seen);
  navigator.vibrate?.(FAILED_MS);
}

function forget(line) {
  clear(line, failed.get(line).button);
  failed.delete(line);
}

/* An alarm that is over asks for nothing any more; and beside a desk in alarm nothing is told of any (S9). */
document.addEventListener("look", ({ detail: { signals } }) => {
  for (const [line, { incident, readAt }] of failed) {
    const isOver = incident && !document.querySelector(`[value="${CSS.escape(incident)}"]`);
    if (isOver && (signals.discreet || performance.now() > readAt)) forget(line);
  }
});

document.addEventListener("missed", () => {
  missed?.remove();
  const line = (missed = tell(texts().missed, "missed"));
  setTimeout(() => line.remove(), READ_MS);
});

/* What is the same is not written again: a screen reader would say it again. */
function write(line, text) {
  if (line.textContent !== text) line.textContent = text;
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
