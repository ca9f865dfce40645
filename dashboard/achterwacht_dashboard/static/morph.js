/* Turns the children of an element into other HTML, and touches only what differs: a button under somebody's thumb stays
   the same button, and the focus stays where it is. Elements are matched by `id` or `data-key`, else by their place. */

/** @param {Element} element @param {string} html  HTML made by our own server, escaped there */
export function morph(element, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  children(element, template.content);
}

const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.id || node.dataset.key || "" : "");

function children(old, wanted) {
  const keyed = new Map([...old.childNodes].filter(keyOf).map((node) => [keyOf(node), node]));
  let at = old.firstChild;
  for (const next of [...wanted.childNodes]) {
    const key = keyOf(next);
    let found = key ? keyed.get(key) : at && !keyOf(at) ? at : null;
    if (found && (found.nodeType !== next.nodeType || found.nodeName !== next.nodeName)) found = null;
    if (!found) {
      old.insertBefore(next, at);
      continue;
    }
    if (found !== at) old.insertBefore(found, at);
    else at = at.nextSibling;
    if (found.nodeType === Node.ELEMENT_NODE) {
      attributes(found, next);
      if (!found.hasAttribute("data-keep")) children(found, next);
    } else if (found.nodeValue !== next.nodeValue) found.nodeValue = next.nodeValue;
  }
  while (at) {
    const rest = at.nextSibling;
    at.remove();
    at = rest;
  }
}

/* What a script has noted on an element (data-state, what somebody is typing) is not the server's to change. */
const OURS = ["data-state", "aria-busy"];

function attributes(old, wanted) {
  for (const { name, value } of [...wanted.attributes]) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) if (!wanted.hasAttribute(name) && !OURS.includes(name)) old.removeAttribute(name);
}
