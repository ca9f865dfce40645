/* The clock on the wall: the house's own time, as the dashboard says it, and not this computer's. */

let wallMs = null; // at `heardAt`
let heardAt = 0;
const written = new Intl.DateTimeFormat(`${document.documentElement.lang}-NL`, {
  timeZone: "Europe/Amsterdam",
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

document.addEventListener("look", (event) => {
  wallMs = event.detail.now_ms;
  heardAt = performance.now();
  tick();
});

function tick() {
  if (wallMs === null) return;
  const text = written.format(new Date(wallMs + performance.now() - heardAt)).replaceAll(",", "");
  for (const clock of document.querySelectorAll("[data-clock]")) if (clock.textContent !== text) clock.textContent = text;
}

setInterval(tick, 250);
