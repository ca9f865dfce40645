/* What test_every_page.py asks a page: it is in every page before the page's own scripts. Each question is a function of
   `asked`, and answers with what is wrong, in words. */

globalThis.asked = {};
const looked = new Promise((done) => document.addEventListener("look", done, { once: true }));

/** All of the page stands there, also what its WebSocket brings. */
asked.ready = async (withinMs) => {
  const tooLate = new Promise((_, no) => setTimeout(no, withinMs, new Error("nothing is heard")));
  if (document.documentElement.dataset.page) await Promise.race([looked, tooLate]);
  await new Promise((done) => requestAnimationFrame(done));
};

const isSeen = (element) => element.checkVisibility({ visibilityProperty: true });
const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
const controls = () => [...document.querySelectorAll(CONTROLS)].filter((one) => isSeen(one) && !one.disabled);
const tell = (element) => element.cloneNode(false).outerHTML.replace(/<\/.*/, "") + element.textContent.trim().slice(0, 30);

// --- how it is built, and how large it is ---

const LINK_PX = 24;
const BUTTON_PX = 44;
const COMMAND_ON_PHONE_PX = 56;

asked.built = (isPhone) => {
  const wrong = [];
  const headings = [...document.querySelectorAll("h1")].filter(isSeen);
  if (headings.length !== 1) wrong.push(`${headings.length} h1`);
  for (const one of controls()) {
    if (one.matches(".visually-hidden")) continue; // seen only with the focus on it
    if (one.matches("[tabindex='0']:not(a, button, input, select, summary)")) continue; // a region to scroll
    const target = (one.matches("[type=checkbox], [type=radio]") && one.closest("label")) || one;
    const { width, height } = target.getBoundingClientRect();
    const isCommand = one.matches("form[data-command] button, summary.button, a.button");
    const least = one.matches("a:not(.button)") ? LINK_PX : isPhone && isCommand ? COMMAND_ON_PHONE_PX : BUTTON_PX;
    if (Math.min(width, height) < least - 0.5) wrong.push(`${Math.round(width)}×${Math.round(height)} px: ${tell(one)}`);
  }
  const moving = document.getAnimations().filter((one) => one.playState === "running");
  if (moving.length) wrong.push(`${moving.length} animations run`);
  return wrong;
};

/** Something lies over the place of the first alarm, or it is not on the screen. */
asked.covered = () => {
  scrollTo(0, 0);
  const place = document.querySelector(".place");
  if (!place) return [];
  const { left, top, height } = place.getBoundingClientRect();
  return document.elementFromPoint(left + height / 2, top + height / 2) === place ? [] : ["the place cannot be read"];
};

// --- what is said ---

/** What counts would be said each second. */
asked.aloud = () =>
  [...document.querySelectorAll("[data-since-s], [data-until-s], [data-clock]")]
    .filter((one) => {
      const live = one.closest("[aria-live], [role=alert], [role=status], [role=log], [role=timer]");
      return live && !live.matches("[aria-live=off], [role=timer]");
    })
    .map((one) => `counts aloud: ${tell(one)}`);

/** How many alerts name this place. */
asked.alerts = (place) =>
  [...document.querySelectorAll("[role=alert]")].filter((one) => one.checkVisibility() && one.textContent.includes(place)).length;

// --- colours, as they come out of what lies on each other ---

const paint = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });

function rgba(colour) {
  paint.clearRect(0, 0, 1, 1);
  paint.fillStyle = colour;
  paint.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
}

const over = ([r, g, b, a], under) => [r, g, b].map((value, n) => value * a + under[n] * (1 - a));

/** What is written in this colour there, and its ground. `stripe`: which one counts where the ground is striped. */
function seenColours(element, colour, stripe = 0) {
  const line = [];
  for (let one = element; one; one = one.parentElement) line.unshift(one);
  let ground = over(rgba("Canvas"), [255, 255, 255]);
  const layers = line.map((one) => {
    const { opacity, backgroundColor, backgroundImage } = getComputedStyle(one);
    const under = ground;
    ground = over(rgba((backgroundImage.match(/rgba?\([^)]*\)/g) ?? [backgroundColor]).at(stripe)), under);
    return { opacity: Number(opacity), under };
  });
  let ink = over(rgba(colour), ground);
  for (const { opacity, under } of layers.reverse()) {
    ink = over([...ink, opacity], under);
    ground = over([...ground, opacity], under);
  }
  return [ink, ground];
}

/** As WCAG reckons it. */
function luminance(colour) {
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const [r, g, b] = colour.map((value) => linear(value / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** How many words were judged in there, and which have less contrast than this. */
asked.faint = ([where, least]) => {
  let judged = 0;
  const faint = new Set();
  function judge(element, ink, ground) {
    judged++;
    const ratio = contrast(ink, ground);
    if (ratio < least) faint.add(`contrast of ${ratio.toFixed(1)}: ${tell(element)}`);
  }
  function judgeText(element) {
    for (const stripe of [0, -1]) judge(element, ...seenColours(element, getComputedStyle(element).color, stripe));
  }
  for (const part of document.querySelectorAll(where)) {
    const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const element = texts.currentNode.parentElement;
      const isText = texts.currentNode.data.trim() && !element.closest(".visually-hidden, option, svg");
      if (isText && isSeen(element)) judgeText(element);
    }
    [...part.querySelectorAll("select, input:not([type=hidden])")].filter(isSeen).forEach(judgeText);
  }
  for (const plate of document.querySelectorAll(".plate:has(text)")) {
    const fill = (name) => rgba(getComputedStyle(plate.querySelector(name)).fill).slice(0, 3);
    judge(plate, fill("text"), fill("rect"));
  }
  return [judged, [...faint]];
};

// --- the keyboard ---

const RING_PX = 3;
const RING_CONTRAST = 3;

asked.controls = () => controls().length;

/** What has the focus: which of the controls it is, what it is called, and what is wrong with how it shows. */
asked.focus = () => {
  const one = document.activeElement;
  if (!one || one === document.body || one === document.documentElement) return null;
  const wrong = [];
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(one);
  const [ring, ground] = seenColours(one.parentElement, outlineColor);
  if (outlineStyle === "none" || parseFloat(outlineWidth) < RING_PX) wrong.push("no ring");
  else if (contrast(ring, ground) < RING_CONTRAST) wrong.push(`the ring has a contrast of ${contrast(ring, ground).toFixed(1)}`);
  const { left, top, width, height } = one.getBoundingClientRect();
  const points = [0.1, 0.5, 0.9].flatMap((x) => [0.2, 0.5, 0.8].map((y) => [left + x * width, top + y * height]));
  const hits = points.map(([x, y]) => document.elementFromPoint(x, y));
  if (!hits.some((hit) => hit && (one.contains(hit) || hit.contains(one)))) wrong.push("it is covered, or not on the screen");
  const name = (one.ariaLabel ?? one.labels?.[0]?.textContent ?? one.textContent).trim();
  return { at: controls().indexOf(one), name, wrong: wrong.map((problem) => `${problem}: ${tell(one)}`) };
};
