/* The live page: one WebSocket, the parts that it brings, the seconds that count, and the word when it is silent.

   Every message is told on as the event "look"; what else is on a page (sound.js, plan.js, ringing.js) listens to that. What
   stands here counts as new only for as long as the dashboard is heard. All times are the server's: the clock of this
   machine may be wrong. The messages are in docs/dashboard.md. */

import { end } from "./ended.js";
import { morph } from "./morph.js";

const SILENT_MS = 5000; // nothing heard for so long: what stands here is old, and says so
const FIRST_MS = 1500; // so long a page that was just loaded, and has nothing on it yet, waits for its first word
const AGAIN_MS = [250, 500, 1000, 2000, 4000]; // between two tries, the last for ever
const LIFE_MS = 5000; // no page loads itself again sooner: two builds that disagree are not a page that flickers
const FETCH_MS = 5000;
const GONE = [4401, 4403, 4404]; // logged out, not for this role, no such page (live.py)
const ZONE = "Europe/Amsterdam";

const root = document.documentElement;
const { page, build } = root.dataset;
const loadedTitle = document.title;
let socket = null;
let openedAt = 0; // when it was tried, by performance.now()
let tries = 0;
let retry = null;
let leaving = false;
let heard = null; // the newest message; null before the first
let heardAt = performance.now();
let heardDate = Date.now();
let away = false; // whether this page slept since
let signals = {}; // the newest: they are only said when they change, and every "look" has them

// --- the socket ------------------------------------------------------------------------------------------------------

function connect() {
  clearTimeout(retry);
  const at = new URL(`/live/${page}`, location.href);
  at.protocol = at.protocol === "https:" ? "wss:" : "ws:";
  at.search = new URLSearchParams({ zender: root.dataset.zender ?? "0" });
  const mine = new WebSocket(at);
  socket = mine;
  openedAt = performance.now();
  mine.onopen = () => mine === socket && document.dispatchEvent(new Event("connected"));
  mine.onmessage = (event) => {
    tick(); // what waited here while this machine slept is as old as that: such a socket is given up
    if (mine === socket) hear(event.data);
  };
  mine.onclose = (event) => mine === socket && closed(event.code);
}

function closed(code) {
  if (GONE.includes(code) && !root.hasAttribute("data-ended")) leave();
  drop();
}

/** Give the socket up, whatever it thinks of itself, and try again after a while: not all pages in the same moment. */
function drop() {
  const old = socket;
  socket = null;
  old?.close();
  clearTimeout(retry);
  retry = setTimeout(connect, AGAIN_MS[Math.min(tries++, AGAIN_MS.length - 1)] * (0.75 + Math.random() / 2));
}

/** Load this page again, once it is there: what the browser shows when nobody answers never comes back by itself. Whoever
    is logged out is sent on to the login; where alarms were heard, what comes instead takes this page's place. */
async function leave() {
  if (leaving || root.hasAttribute("data-sending")) return;
  leaving = true;
  try {
    const response = await fetch(location.href, {
      headers: { Accept: "text/html" },
      cache: "no-store",
      signal: AbortSignal.timeout(FETCH_MS),
    });
    if (response.status >= 500) return;
    const isOut = response.redirected || !response.ok;
    if (!isOut || !document.getElementById("sound")) return location.reload();
    const html = await response.text();
    wasAway();
    end(html, response.url);
  } catch {
    // nobody answers: this page stays, and says that it is old
  } finally {
    leaving = false;
  }
}

function hear(text) {
  try {
    take(JSON.parse(text));
  } catch (error) {
    console.error(error); // a part of it may be missing now: all of it anew, and old until then
    drop();
  }
}

function take(message) {
  if (root.hasAttribute("data-ended")) return location.reload(); // somebody has logged in again
  if (message.build !== build) {
    if (performance.now() > LIFE_MS) leave();
    say({ type: "here" });
    return;
  }
  for (const [name, html] of Object.entries(message.parts ?? {})) {
    const part = document.querySelector(`[data-part="${name}"]`);
    if (part) morph(part, html);
  }
  signals = message.signals ??= signals;
  tries = 0;
  heard = message;
  heardAt = performance.now();
  heardDate = Date.now();
  away = false;
  tick();
  document.dispatchEvent(new CustomEvent("look", { detail: message }));
  say({ type: "here" });
}

/** Say something to the dashboard, when it is there. */
export function say(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

// --- how old it is ---------------------------------------------------------------------------------------------------

/* Both clocks: one of them stands still while a machine sleeps, the other may be set back. */
const silentMs = () => Math.max(performance.now() - heardAt, Date.now() - heardDate);
const serverMs = () => (heard ? heard.now_ms + silentMs() : Date.now());

/** Since when what stands here is old, as a Date; null while it is not. */
export function oldSince() {
  if (away || silentMs() > (heard ? SILENT_MS : FIRST_MS)) return new Date(heard?.now_ms ?? performance.timeOrigin);
  return heard?.stale_since_ms == null ? null : new Date(heard.stale_since_ms);
}

/** Whoever was away shows nothing as new until it has heard so. */
function wasAway() {
  away = true;
  tick();
}

function tick() {
  const old = oldSince();
  const broken = heard?.broken ?? false;
  const line = document.getElementById("stale");
  const changed = (old !== null) !== root.hasAttribute("data-stale");
  root.toggleAttribute("data-stale", old !== null);
  root.toggleAttribute("data-broken", broken);
  if (line) {
    write(line, old ? line.dataset.text.replace("{at}", clock(old)) : broken ? line.dataset.broken : "");
    line.hidden = !old && !broken;
    const mark = old && !signals.discreet ? (line.dataset.mark ?? "") : "";
    const title = mark + (signals.title || loadedTitle);
    if (document.title !== title) document.title = title;
  }
  if (changed) document.dispatchEvent(new CustomEvent("stale", { detail: old }));
  if (socket && Math.min(silentMs(), performance.now() - openedAt) > SILENT_MS) drop();
  if (!heard) return;
  const now = heard.house_s + (performance.now() - heardAt) / 1000;
  for (const element of document.querySelectorAll("[data-since-s]")) write(element, count(now - element.dataset.sinceS));
  for (const element of document.querySelectorAll("[data-until-s]")) write(element, count(element.dataset.untilS - now));
}

/* What is the same is not written again: a screen reader would say it again. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function count(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** A time of the house; with its day when that is another day. */
function clock(at) {
  const time = at.toLocaleTimeString("nl-NL", { timeZone: ZONE });
  const day = (when) => when.toLocaleDateString("nl-NL", { timeZone: ZONE, day: "numeric", month: "numeric" });
  return day(at) === day(new Date(serverMs())) ? time : `${day(at)} ${time}`;
}

if (page) {
  root.toggleAttribute("data-live", true); // until here the page itself says that it hears nothing (base.css)
  tick();
  connect();
  setInterval(tick, 200);
  document.addEventListener("freeze", wasAway);
  document.addEventListener("resume", tick);
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    wasAway();
    leave();
  });
  for (const [where, what] of [[document, "visibilitychange"], [window, "online"]]) {
    where.addEventListener(what, () => {
      tick();
      if (!socket && document.visibilityState === "visible") connect();
    });
  }
}
