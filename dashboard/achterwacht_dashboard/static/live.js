/* The live page: one WebSocket, the parts that it brings, the seconds that count, and the word when it is silent.

   Every message is told on as the event "look"; what else is on a page (sound.js, plan.js, team.js) listens to that. */

import { morph } from "./morph.js";

const SILENT_MS = 5000; // nothing heard for so long: what stands here is old, and says so
const AGAIN_MS = [250, 500, 1000, 2000]; // between two tries, the last for ever

const page = document.documentElement.dataset.page;
const build = document.documentElement.dataset.build;
let socket = null;
let tries = 0;
let heardAt = 0; // by performance.now()
let heardWhen = null; // by the clock on the wall
let staleSince = null; // what the dashboard says of the daemon
let houseS = 0; // house time at heardAt

function open() {
  const at = new URL(`/live/${page}`, location.href);
  at.protocol = at.protocol === "https:" ? "wss:" : "ws:";
  at.search = new URLSearchParams({ zender: document.documentElement.dataset.zender ?? "0" });
  socket = new WebSocket(at);
  socket.onmessage = (event) => take(JSON.parse(event.data));
  socket.onclose = (event) => {
    if (event.code === 4401 || event.code === 4403) location.assign("/login");
    setTimeout(open, AGAIN_MS[Math.min(tries++, AGAIN_MS.length - 1)]);
  };
}

function take(message) {
  if (message.build !== build) return location.reload();
  tries = 0;
  heardAt = performance.now();
  heardWhen = new Date();
  houseS = message.house_s;
  staleSince = message.stale_since_ms;
  for (const [name, html] of Object.entries(message.parts ?? {})) {
    const part = document.querySelector(`[data-part="${name}"]`);
    if (part) morph(part, html);
  }
  if (message.signals?.title) document.title = message.signals.title;
  tick();
  document.dispatchEvent(new CustomEvent("look", { detail: message }));
  say({ type: "here" });
}

/** Say something to the dashboard, when it is there. */
export function say(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

/** Since when what stands here is old, as a Date; null while it is not. */
export function oldSince() {
  if (!heardAt || performance.now() - heardAt > SILENT_MS) return heardWhen ?? new Date(performance.timeOrigin);
  return staleSince === null ? null : new Date(staleSince);
}

function tick() {
  const old = oldSince();
  const line = document.getElementById("stale");
  if ((old !== null) !== document.documentElement.hasAttribute("data-stale")) {
    document.documentElement.toggleAttribute("data-stale", old !== null);
    document.dispatchEvent(new CustomEvent("stale", { detail: old }));
  }
  line.hidden = old === null;
  if (old) line.textContent = line.dataset.text.replace("{at}", old.toLocaleTimeString("nl-NL"));
  const now = houseS + (performance.now() - heardAt) / 1000;
  for (const element of document.querySelectorAll("[data-since-s]")) show(element, now - Number(element.dataset.sinceS));
  for (const element of document.querySelectorAll("[data-until-s]")) show(element, Number(element.dataset.untilS) - now);
}

function show(element, seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const text = `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  if (element.textContent !== text) element.textContent = text;
}

if (page) {
  open();
  setInterval(tick, 200);
}
