/* A page that rings: tells the house which orders have come, and which stand on the screen; and shakes the telephone, if
   it is one, once when the connection is lost while an alarm is open, and when its login has ended.

   What has come is told anew over every new connection: what was said to a dead one reached nobody. */

import { say } from "./live.js";

const LOST_MS = 1000; // so long it shakes: it must be felt in a pocket
let orders = []; // those that this page shows now, as the server says
let told = new Set(); // what was said over this connection

const startAnew = () => (told = new Set());
document.addEventListener("connected", startAnew);

document.addEventListener("look", (event) => {
  orders = event.detail.signals.orders ?? [];
  for (const order of orders) tell(order, "received");
  requestAnimationFrame(tellShown);
});
document.addEventListener("visibilitychange", tellShown);

document.addEventListener("stale", (event) => {
  startAnew();
  if (event.detail && document.querySelector(".incident")) shake();
});
document.addEventListener("ended", shake);

function shake() {
  navigator.vibrate?.(LOST_MS);
}

/** Only what somebody who looks can see, and what is not old. */
function tellShown() {
  if (document.visibilityState !== "visible" || document.documentElement.hasAttribute("data-stale")) return;
  for (const order of orders) {
    const element = document.querySelector(`[data-order~="${CSS.escape(order)}"]`);
    if (element?.checkVisibility()) tell(order, "shown");
  }
}

function tell(order, stage) {
  if (told.has(`${order} ${stage}`)) return;
  told.add(`${order} ${stage}`);
  say({ type: "receipt", order, stage });
}
