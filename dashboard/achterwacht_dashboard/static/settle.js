/* What has just come or moved under a thumb is not what it was aimed at: for a moment it takes no press, and whoever presses
   is told so (event "missed"). The same when a button goes while it is held down. Keys and screen readers name what they
   press: they always may. */

const SETTLE_MS = 700; // longer than between two taps of a hand that shakes, and than it takes to see what has changed
const LOOK_MS = 100; // a page changes when its server says so, and then it is looked at at once; and by itself
const NEAR_PX = 16; // what moves no further is still what was aimed at
const GUARDED = "form[data-command] button, [data-part] :is(summary, a.button)";
const CONTROL = "a, button, summary, label, input, select, textarea";

const stood = new WeakMap(); // by control: where it stands, what it says, and since when
let held = null; // what a finger or a mouse is down on: that is what is meant, wherever it goes

/** Where the middle of a control is: on the screen, and in what can be scrolled. Whoever scrolls moves it in one of them. */
function placeOf(control) {
  const { x, y, width, height } = control.getBoundingClientRect();
  const onScreen = { x: x + width / 2, y: y + height / 2 };
  const within = { ...onScreen };
  for (let above = control.parentElement; above; above = above.parentElement) {
    within.x += above.scrollLeft;
    within.y += above.scrollTop;
  }
  return { onScreen, within };
}

const isFar = (one, other) => Math.hypot(one.x - other.x, one.y - other.y) > NEAR_PX;

/** Look what came, moved or says something else. */
function look() {
  const now = performance.now();
  for (const control of document.querySelectorAll(GUARDED)) {
    if (control.checkVisibility?.() === false) {
      stood.delete(control);
      continue;
    }
    const is = { ...placeOf(control), text: control.textContent, since: now };
    const was = stood.get(control);
    if (!was || was.text !== is.text) stood.set(control, is);
    else {
      const far = [isFar(is.onScreen, was.onScreen), isFar(is.within, was.within)];
      if (far.includes(true)) stood.set(control, far.includes(false) ? { ...is, since: was.since } : is);
    }
    control.toggleAttribute("data-settling", control !== held && now - stood.get(control).since < SETTLE_MS);
  }
}

/** Whether something that has just come lies at this point: it lets presses through (base.css). */
function isSettlingAt({ clientX, clientY }) {
  return [...document.querySelectorAll("[data-settling]")].some((control) => {
    const { left, right, top, bottom } = control.getBoundingClientRect();
    return left <= clientX && clientX <= right && top <= clientY && clientY <= bottom;
  });
}

const miss = () => document.dispatchEvent(new Event("missed"));

document.addEventListener("look", look);
document.addEventListener("toggle", look, true);
setInterval(look, LOOK_MS);
look();

document.addEventListener("pointerdown", (event) => {
  look();
  held = event.target.closest(`:is(${GUARDED}):not([data-settling])`);
});
document.addEventListener("pointercancel", () => (held = null));
document.addEventListener("pointerup", () => {
  if (held && !held.isConnected) miss();
  held = null;
});
document.addEventListener("click", (event) => {
  if (event.detail && !event.target.closest(CONTROL) && isSettlingAt(event)) miss(); // of a pointer, and not on what lies above
});
