/* A page that live.js has not come to, because a script was lost on the way, loads itself again once it is there. Meanwhile
   it says that it hears nothing (base.css). It must not import anything: that might be what was lost. */

const LATE_MS = 8000; // a slow network has brought it all by then
const FETCH_MS = 5000;

async function look() {
  if (document.documentElement.hasAttribute("data-live")) return;
  try {
    const response = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store", signal: AbortSignal.timeout(FETCH_MS) });
    if (response.ok) return location.reload();
  } catch {
    // nobody answers: this page stays
  }
  setTimeout(look, LATE_MS);
}

setTimeout(look, LATE_MS);
