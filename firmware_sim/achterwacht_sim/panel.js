// Draws what /state says, once a second and after every press, and says at /do what was pressed. Has no words of its
// own: they stand in panel.html, shown by data-if, filled by data-text, and said by data-do.

const EVERY_MS = 1000;
// A press is confirmed and shown within this; then there is something new to see.
const SOON_MS = 150;
const PATIENCE_MS = 3000;
const WRONG_SHOWN_MS = 8000;

const by = (id) => document.getElementById(id);
const at = (row, path) => path.split(".").reduce((value, key) => value?.[key], row);

function holds(row, test) {
  if (test.startsWith("!")) return !at(row, test.slice(1));
  const [path, wanted] = test.split("=");
  return wanted === undefined ? Boolean(at(row, path)) : String(at(row, path)) === wanted;
}

// Changes only what is different: a screen reader and a hand on its way to a button notice nothing else.
function fill(root, row) {
  root.row = row;
  for (const element of [root, ...root.querySelectorAll("[data-if], [data-text], [data-time], [data-mark], [data-value]")]) {
    if (element !== root && element.closest("[data-list]") !== root.closest("[data-list]")) continue;
    const { if: test, text, time, mark, value } = element.dataset;
    if (test !== undefined && element.hidden === holds(row, test)) element.hidden = !element.hidden;
    if (text !== undefined) put(element, String(at(row, text) ?? ""));
    if (time !== undefined) put(element, clock(at(row, time)));
    if (value !== undefined && document.activeElement !== element) element.value = at(row, value);
    for (const key of mark?.split(" ") ?? []) element.setAttribute(`data-is-${key}`, at(row, key));
  }
}

function put(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function clock(s) {
  return s == null ? "" : `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}

// One element for each row, kept by its key.
function list(parent, template, rows, key) {
  parent.dataset.list = "";
  const there = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  rows.forEach((row, index) => {
    const name = String(row[key]);
    const element = there.get(name) ?? by(template).content.firstElementChild.cloneNode(true);
    there.delete(name);
    element.dataset.key = name;
    if (parent.children[index] !== element) parent.insertBefore(element, parent.children[index] ?? null);
    fill(element, row);
  });
  for (const gone of there.values()) gone.remove();
  return [...parent.children];
}

// After those that stand in the page.
function options(select, rows) {
  if (select.dataset.filled !== undefined) return;
  select.dataset.filled = "";
  select.append(...rows.map(({ value, words }) => new Option(words, value)));
}

function draw(state) {
  by("dashboard").href = state.dashboard;
  put(by("password"), state.password);
  list(by("accounts"), "account", state.accounts, "name");
  list(by("zenders"), "zender", state.zenders, "nr");
  for (const element of list(by("pagers"), "pager", state.pagers.map(withWants), "id")) drawPager(element, state);
  list(by("processes"), "process", state.processes, "name");
  drawBreaking(state);
  list(by("log"), "line", state.log.map((line, index) => ({ ...line, n: index })), "n");
}

function withWants(pager) {
  const off = pager.connection === "off";
  return {
    ...pager,
    asked: pager.incidents.length > 0 && !off,
    empty: !pager.incidents.length && !pager.notice && !pager.lost && !off,
  };
}

function drawPager(element, state) {
  const shown = element.querySelector(".incidents");
  const incidents = list(shown, "incident", element.row.incidents, "incident");
  for (const incident of incidents) {
    const radio = incident.querySelector("input");
    radio.name = `incident-${element.row.id}`;
    radio.value = incident.dataset.key;
    radio.hidden = incidents.length < 2;
  }
  // Whoever chooses nothing answers the newest.
  const chosen = incidents.find(({ dataset }) => dataset.key === shown.dataset.chosen) ?? incidents[0];
  if (chosen) chosen.querySelector("input").checked = true;
  options(element.querySelector(".member"), state.members.map(({ id, name }) => ({ value: id, words: name })));
}

function drawBreaking(state) {
  const nodes = [
    ...state.zenders.map((zender) => ({ ...zender, node: zender.name, words: `${zender.place} (${zender.name})`, closed: !zender.tamper })),
    ...state.pagers.map((pager) => ({ ...pager, node: pager.id, words: `pieper ${pager.id}` })),
  ];
  options(by("node"), nodes.map(({ node, words }) => ({ value: node, words })));
  const chosen = nodes.filter(({ node }) => node === by("node").value).map((node) => ({
    ...node,
    powered: node.connection !== "off",
    speaks: node.connection === "ok" || node.connection === "lost",
  }));
  list(by("nodes"), "plug", chosen, "node");
}

// --- what is pressed -----------------------------------------------------------------------------------------------

function words(element) {
  const holder = element.closest("[data-key]");
  const member = holder.querySelector(".member")?.value;
  const values = {
    ...holder.row,
    value: element.value,
    chosen: holder.querySelector(".incidents :checked")?.value,
    as_member: member ? ` as ${member}` : "",
  };
  return element.dataset.do.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

async function say(element) {
  element.dataset.said = "";
  try {
    const answer = await fetch("/do", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ do: words(element) }),
      signal: AbortSignal.timeout(2 * PATIENCE_MS),
    });
    if (!answer.ok) wrong((await answer.json()).wrong);
    setTimeout(look, SOON_MS);
  } catch {
    wrong(by("wrong").dataset.unknown);
    look();
  } finally {
    delete element.dataset.said;
  }
}

let wrongTimer = 0;
function wrong(said) {
  by("wrong").hidden = false;
  put(by("wrong"), said);
  clearTimeout(wrongTimer);
  wrongTimer = setTimeout(() => (by("wrong").hidden = true), WRONG_SHOWN_MS);
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("button[data-do]");
  if (button) say(button);
});
document.addEventListener("change", ({ target }) => {
  if (target.matches("input[data-do]")) say(target);
  if (target.matches(".incidents input")) target.closest(".incidents").dataset.chosen = target.value;
  if (target === by("node")) look();
});
by("break").addEventListener("submit", (event) => event.preventDefault());

// --- looking ---------------------------------------------------------------------------------------------------------

let looking = 0;
async function look() {
  const mine = ++looking;
  try {
    const answer = await fetch("/state", { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) throw new Error(answer.statusText);
    const state = await answer.json();
    if (mine !== looking) return;
    draw(state);
    tell(false);
  } catch {
    if (mine === looking) tell(true);
  }
}

function tell(stale) {
  by("stale").hidden = !stale;
  document.documentElement.toggleAttribute("data-stale", stale);
}

async function keepLooking() {
  await look();
  setTimeout(keepLooking, EVERY_MS);
}
keepLooking();
