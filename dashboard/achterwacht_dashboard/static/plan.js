/* The floor plan: puts each zender's mark on its shape, and a plate with its sign and word beside it. Shapes are known by
   their id (`zender-7`); a zender that the drawing does not have is listed below it, so that none is ever invisible. */

const SVG = "http://www.w3.org/2000/svg";
const LETTER = 0.6; // of a letter's height: about its width, until the browser has measured it
const RANK = ["ready", "unknown", "fault", "test", "drill", "on_scene", "coming", "alarm"]; // the last lies over the others
const QUIET = ["unknown", "fault"]; // where their words would touch, their signs stand alone
const rank = (mark) => RANK.indexOf(mark.state);

document.addEventListener("look", (event) => {
  for (const floor of document.querySelectorAll("[data-floor]")) show(floor, event.detail.signals.marks);
});

function show(floor, marks) {
  const plan = floor.querySelector("svg.plan");
  const said = JSON.stringify(marks);
  if (floor.dataset.shown === said || plan.clientWidth === 0) return; // what is not laid out cannot be measured
  floor.dataset.shown = said;
  plan.querySelector(".plates")?.remove();
  const plates = make("g", { class: "plates" });
  plan.append(plates);
  const lost = [];
  for (const shape of plan.querySelectorAll('[id^="zender-"]')) shape.setAttribute("class", "mark mark--none");
  for (const [nr, mark] of Object.entries(marks).sort(([, one], [, other]) => rank(one) - rank(other))) {
    const place = plan.querySelector(`[id="place-${nr}"]`);
    const shape = plan.querySelector(`[id="zender-${nr}"]`);
    const size = shape?.getBBox();
    if (place) write(place, mark.place, size?.width);
    if (!size?.width && !size?.height) lost.push(mark); // also of a shape that the drawing itself hides
    else {
      shape.setAttribute("class", `mark mark--${mark.state}${mark.state === "alarm" ? " pulse" : ""}`);
      if (mark.word) stand(plan, plates, shape, mark);
    }
  }
  list(floor.querySelector("[data-floor-words]"), Object.values(marks));
  list(floor.querySelector("[data-floor-more]"), lost.sort((one, other) => rank(other) - rank(one)));
  floor.querySelector(".floor-more").hidden = lost.length === 0;
}

/** The name of a place, no wider than its shape: else it would lie on the next. */
function write(place, name, width) {
  place.textContent = name;
  place.removeAttribute("textLength");
  if (width && place.getComputedTextLength() > width) set(place, { textLength: width, lengthAdjust: "spacingAndGlyphs" });
}

/** A plate on the lower edge of this shape, in the middle; as large as the whole drawing allows. */
function stand(plan, plates, shape, mark) {
  const size = plan.viewBox.baseVal.width / 46;
  const at = corners(plan, shape);
  const plate = make("g", { class: `plate plate--${mark.state}` });
  plate.dataset.state = mark.state;
  const text = make("text", { "font-size": size });
  text.textContent = mark.word;
  const box = make("rect", { height: 1.6 * size, rx: 0.4 * size });
  const sign = make("use", { href: `#sign-${mark.state}`, width: size, height: size });
  plate.append(box, sign, text);
  plates.append(plate);
  const width = 2.2 * size + (text.getComputedTextLength() || mark.word.length * size * LETTER);
  const view = plan.viewBox.baseVal;
  const x = Math.max(view.x, Math.min(at.x - width / 2, view.x + view.width - width));
  const y = Math.max(view.y, Math.min(at.bottom - 0.6 * size, view.y + view.height - 1.6 * size));
  set(box, { x, y, width });
  set(sign, { x: x + 0.4 * size, y: y + 0.3 * size });
  set(text, { x: x + 1.7 * size, y: y + 1.15 * size });
  for (const other of plates.children) if (other !== plate && touch(other.firstChild, box)) [other, plate].forEach(shorten);
}

function touch(one, other) {
  const [a, b] = [one.getBBox(), other.getBBox()];
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** Its sign alone; its word stands in the list. */
function shorten(plate) {
  const [box, sign, text] = plate.children;
  if (!text || !QUIET.includes(plate.dataset.state)) return;
  text.remove();
  const { x, width, height } = box.getBBox();
  set(box, { x: x + (width - height) / 2, width: height });
  set(sign, { x: x + (width - sign.getBBox().width) / 2 });
}

/** Where a shape is in the drawing's own units, whatever groups it is in. */
function corners(plan, shape) {
  const { x, y, width, height } = shape.getBBox();
  const into = plan.getScreenCTM().inverse().multiply(shape.getScreenCTM());
  const points = [[x, y], [x + width, y], [x, y + height], [x + width, y + height]].map(([px, py]) => new DOMPoint(px, py).matrixTransform(into));
  const xs = points.map((point) => point.x);
  return { x: (Math.min(...xs) + Math.max(...xs)) / 2, bottom: Math.max(...points.map((point) => point.y)) };
}

function list(element, marks) {
  element.replaceChildren(
    ...marks.map((mark) => {
      const line = document.createElement("li");
      line.className = `state-${mark.state}`;
      const sign = make("svg", { class: "sign", viewBox: "0 0 16 16", "aria-hidden": "true" });
      sign.append(make("use", { href: `#sign-${mark.state}` }));
      line.append(sign, ` ${mark.title}`);
      return line;
    }),
  );
}

function make(name, attributes) {
  return set(document.createElementNS(SVG, name), attributes);
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
