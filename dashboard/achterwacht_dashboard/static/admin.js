/* The pages of /beheer are not live but for one line: what they show is fetched anew now and then, after a command, and
   while something is under way. What somebody is filling in stands outside of it and stays. How old a page is, it says. */

import { morph } from "./morph.js";

const EVERY_MS = 10000; // as old may a page become that somebody looks at
const AFTER_MS = [500, 2000, 5000]; // after a command: what becomes of it takes a moment
const POLL_MS = 2000; // while a verification runs

let fetching = false;

async function refresh() {
  if (fetching) return;
  fetching = true;
  try {
    const response = await fetch(location.href, { signal: AbortSignal.timeout(8000) });
    if (response.redirected || !response.ok) return; // logged out: live.js sees to that. Else the page says how old it is
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const old of document.querySelectorAll("[data-fresh]")) {
      const found = fresh.querySelector(`[data-fresh="${old.dataset.fresh}"]`);
      if (found) morph(old, found.innerHTML);
    }
  } catch {
    // no network: live.js says so, loudly
  } finally {
    fetching = false;
  }
}

if (document.querySelector("[data-fresh]")) {
  setInterval(() => document.visibilityState === "visible" && refresh(), EVERY_MS);
  setInterval(() => document.querySelector("[data-poll]") && refresh(), POLL_MS);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refresh());
  document.addEventListener("stale", refresh);
  document.addEventListener("commanded", (event) => {
    if (event.detail.outcome?.result === "accepted") for (const ms of AFTER_MS) setTimeout(refresh, ms);
  });
}
