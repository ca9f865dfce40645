/* Turns the children of an element into other HTML, and touches only what differs: a button under somebody's thumb stays
   the same button, and the focus stays where it is. Elements are matched by `id` or `data-key`, else by their place among
   their like. Buttons and forms are matched only while they mean the same: else a press that began on "coming" would end
   on whatever took its place; and so are options, or who was chosen would become somebody else. */

/** @param {Element} element @param {string} html  HTML made by our own server, escaped there */
export function morph(element, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  name(template.content);
  const hadFocus = element.contains(document.activeElement);
  children(element, template.content);
  if (!hadFocus || element.contains(document.activeElement)) return;
  element.tabIndex = -1; // what had the focus is gone: whoever goes on by keyboard goes on from here
  element.focus({ preventScroll: true });
}

/** Names stand once in a part, in a <datalist>; each choice says whose are in it: with all of them in every choice of every
    alarm a page would be slow to come. */
function name(part) {
  const names = new Map([...part.querySelectorAll("datalist option")].map((option) => [option.value, option]));
  for (const choice of part.querySelectorAll("select[data-who]"))
    for (const id of choice.dataset.who.split(" ")) {
      const option = names.get(id)?.cloneNode(true);
      if (!option) continue; // a choice of nobody is no reason to show nothing
      option.defaultSelected = id === choice.dataset.chosen;
      choice.append(option);
    }
}

const isElement = (node) => node.nodeType === Node.ELEMENT_NODE;
const keyOf = (node) => (isElement(node) ? node.id || node.dataset.key || "" : "");

/** What pressing it would say: what must be the same for an element to stay the same one. */
function meaning(node) {
  if (node.nodeName === "OPTION") return node.value;
  if (node.nodeName === "BUTTON") return ["name", "value", "type", "formaction"].map((name) => node.getAttribute(name)).join("\n");
  if (node.nodeName !== "FORM") return "";
  const hidden = [...node.querySelectorAll("input[type=hidden]")].map((input) => `${input.name}=${input.getAttribute("value")}`);
  return [node.getAttribute("action"), ...hidden].join("\n");
}

const alike = (old, next) =>
  old.nodeType === next.nodeType && old.nodeName === next.nodeName && keyOf(old) === keyOf(next) && meaning(old) === meaning(next);

/** Whether somebody is busy in there: typing, or with a button held down. Taken out, even for a moment, it would let go. */
const isHeld = (node) => isElement(node) && (node.contains(document.activeElement) || node.matches(":active"));

function children(old, wanted) {
  const free = [...old.childNodes];
  const pairs = [...wanted.childNodes].map((next) => {
    const at = free.findIndex((node) => alike(node, next));
    return [at < 0 ? null : free.splice(at, 1)[0], next];
  });
  for (const node of free) node.remove();
  let at = old.firstChild;
  for (const [found, next] of pairs) {
    if (!found) {
      old.insertBefore(next, at);
      continue;
    }
    if (found === at) at = at.nextSibling;
    else if (isHeld(found)) at = moveBehind(old, at, found);
    else old.insertBefore(found, at);
    if (isElement(found)) {
      attributes(found, next);
      children(found, next);
    } else if (found.nodeValue !== next.nodeValue) found.nodeValue = next.nodeValue;
  }
}

/** Everything from `first` up to `held` goes behind it, so that it comes to the front without being moved itself. */
function moveBehind(old, first, held) {
  const behind = held.nextSibling;
  while (first !== held) {
    const rest = first.nextSibling;
    old.insertBefore(first, behind);
    first = rest;
  }
  return held.nextSibling;
}

/* What a script has noted on an element, or somebody has opened, is not the server's to change. */
const OURS = ["data-state", "data-settling", "aria-busy", "open"];

/** What the server holds open (class `always`) it closes again, unless somebody is at it: has chosen, or presses. */
function letClose(old, wanted) {
  if (!old.matches("details.always") || wanted.matches(".always") || isHeld(old)) return;
  const hasChosen = [...old.querySelectorAll("select")].some((choice) => choice.value !== (choice.dataset.chosen ?? ""));
  if (!hasChosen) old.open = false;
}

function attributes(old, wanted) {
  letClose(old, wanted);
  for (const { name, value } of [...wanted.attributes]) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) if (!wanted.hasAttribute(name) && !OURS.includes(name)) old.removeAttribute(name);
}
