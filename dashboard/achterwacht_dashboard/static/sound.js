/* What is heard: our own tones, by Web Audio. Each "look" says what is to be heard and for what; here is decided only
   whether this device is to be heard, by a person: "Start dienst" unlocks it, an alarm is silenced by itself and not the
   next one, faults are muted for half an hour. Whatever keeps this device from sounding stands on the screen.

   A tone is a buffer that the audio thread repeats: no timer of a page that nobody looks at can hold it up. */

const RATE = 8000; // samples a second: enough for 1,000 Hz
const LOUD = 0.9;
const EDGE_S = 0.005; // a tone that begins at once clicks
const HZ_ALARM = [880, 660];
const MUTE_MS = 30 * 60 * 1000;
const LOOK_MS = 1000;
const SHAKE_MS = 500; // while an alarm sounds, each second

// [from, to, hertz] in seconds; how long the whole lasts; whether it repeats
const TONES = {
  alarm: { beeps: [[0, 0.5, HZ_ALARM[0]], [0.5, 1, HZ_ALARM[1]]], lasts: 1, repeats: true },
  drill: { beeps: [[0, 0.5, HZ_ALARM[0]], [0.5, 1, HZ_ALARM[1]]], lasts: 1, repeats: true },
  test: { beeps: [[0, 0.2, 1000], [0.4, 0.6, 1000], [0.8, 1, 1000]], lasts: 1.2, repeats: false },
  fault: { beeps: [[0, 1, 330]], lasts: 60, repeats: true },
};
const RANK = ["alarm", "drill", "test", "fault"];
const RINGING = ["alarm", "drill"];

const root = document.documentElement;
const context = new AudioContext();
let tones = {}; // what is to be heard, by what it is about
let discreet = false; // at the desk of an alarm nothing begins to be heard
let staleAt = null; // since when this page hears nothing, by this device's clock
let started = false; // somebody has begun their duty on this page
let silenced = new Set(JSON.parse(localStorage.getItem("silenced") ?? "[]"));
let played = new Set(); // tests that were heard
let playing = { tone: "", source: null };
let heardAt = { time: -1, at: 0, moves: true };
let awake = null;

// --- what is to be heard ---

/** [tone, about] of all that is to be heard now; what a lost connection hides is a fault. */
function wanted() {
  const all = Object.entries(tones).map(([about, tone]) => [tone, about]);
  return staleAt !== null && !discreet ? [...all, ["fault", "connection"]] : all;
}

function isHeard([tone, about]) {
  if (tone === "test") return !played.has(about);
  if (about === "connection") return mutedUntil() - MUTE_MS < staleAt; // what was muted before was not this
  return tone === "fault" ? mutedUntil() === 0 : !silenced.has(about);
}

/** Until when faults are muted, in ms since 1970; 0 when they are not. */
function mutedUntil() {
  const until = Number(localStorage.getItem("muted") ?? 0);
  return until > Date.now() && until <= Date.now() + MUTE_MS ? until : 0;
}

function update() {
  const all = wanted();
  const heard = all.filter(isHeard);
  const tone = RANK.find((one) => heard.some(([other]) => other === one)) ?? "";
  const state = context.state !== "running" ? "locked" : plays() ? "on" : "failed";
  const next = state === "locked" ? "" : tone;
  if (playing.tone !== "test" || state === "locked" || RINGING.includes(next)) play(next); // a test is heard to its end
  if (playing.tone === "test") for (const [, about] of heard.filter(([one]) => one === "test")) played.add(about);
  const isSilent = (kinds) => all.some((one) => kinds.includes(one[0]) && !isHeard(one));
  const shown = state !== "on" ? [state] : playing.tone ? [playing.tone] : isSilent(RINGING) ? ["silenced"] : [];
  if (state === "on" && mutedUntil() && isSilent(["fault"])) shown.push("muted");
  root.dataset.sound = state === "on" && (isSilent(RINGING) || shown.includes("muted")) ? "silenced" : state;
  root.dataset.tone = playing.tone;
  show(shown);
  if (RINGING.includes(playing.tone)) navigator.vibrate?.(SHAKE_MS);
}

// --- how it sounds ---

function play(tone) {
  if (tone === playing.tone) return;
  playing.source?.stop();
  playing = { tone, source: null };
  if (!tone) return;
  const source = new AudioBufferSourceNode(context, { buffer: buffer(TONES[tone]), loop: TONES[tone].repeats });
  source.connect(context.destination);
  source.onended = () => {
    if (playing.source !== source) return;
    playing = { tone: "", source: null };
    update();
  };
  source.start();
  playing = { tone, source };
}

function buffer({ beeps, lasts }) {
  const made = new AudioBuffer({ length: lasts * RATE, numberOfChannels: 1, sampleRate: RATE });
  const samples = made.getChannelData(0);
  for (const [from, to, hertz] of beeps)
    for (let n = Math.round(from * RATE); n < to * RATE; n++) {
      const edge = Math.min(1, (n / RATE - from) / EDGE_S, (to - n / RATE) / EDGE_S);
      samples[n] = LOUD * Math.max(0, edge) * Math.sin((2 * Math.PI * hertz * n) / RATE);
    }
  return made;
}

/** Whether the device's own clock of sound runs: without an outlet it stands still, and says it is running. */
function plays() {
  const now = performance.now();
  if (now - heardAt.at >= LOOK_MS) heardAt = { time: context.currentTime, at: now, moves: context.currentTime !== heardAt.time };
  return heardAt.moves;
}

// --- what is shown of it ---

function show(names) {
  for (const line of document.querySelectorAll("#sound [data-shown]")) line.hidden = !names.includes(line.dataset.shown);
  const muted = document.querySelector('#sound [data-shown="muted"] [data-text]');
  const at = new Date(mutedUntil()).toLocaleTimeString("nl-NL", { hour: "2-digit", minute: "2-digit" });
  muted.textContent = muted.dataset.text.replace("{at}", at);
}

// --- what people say ---

document.getElementById("sound-start").addEventListener("click", async () => {
  started = true;
  await context.resume();
  play("test");
  navigator.vibrate?.(200);
  stayAwake();
  update();
});

document.getElementById("sound").addEventListener("click", (event) => {
  const wish = event.target.dataset.sound;
  const ringing = wanted().filter(([tone]) => RINGING.includes(tone)).map(([, about]) => about);
  if (wish === "silence") silence(new Set([...silenced, ...ringing]));
  if (wish === "again") silence(new Set());
  if (wish === "mute") localStorage.setItem("muted", Date.now() + MUTE_MS);
  if (wish === "unmute") localStorage.removeItem("muted");
  update();
});

/** Kept over a reload; what is over is forgotten. */
function silence(which) {
  silenced = which;
  localStorage.setItem("silenced", JSON.stringify([...silenced]));
}

/** The screen stays on, where the browser can do that; it lets go whenever it is not looked at. */
async function stayAwake() {
  if (!started || !navigator.wakeLock || document.visibilityState !== "visible") return;
  try {
    awake = await navigator.wakeLock.request("screen");
  } catch {
    awake = null; // the battery is low, or the browser does not want to
  }
}

document.addEventListener("visibilitychange", stayAwake);
document.addEventListener("look", (event) => {
  const signals = event.detail.signals;
  tones = signals.tones ?? {};
  discreet = Boolean(signals.discreet);
  if ([...silenced].some((about) => !(about in tones))) silence(new Set([...silenced].filter((about) => about in tones)));
  update();
});
document.addEventListener("stale", (event) => {
  staleAt = event.detail === null ? null : Date.now();
  update();
});
context.onstatechange = () => {
  heardAt = { time: -1, at: 0, moves: true };
  update();
};
setInterval(update, LOOK_MS);
update();
