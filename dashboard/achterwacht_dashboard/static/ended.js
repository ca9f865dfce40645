/* A page that rings, and is no more for who is here: what came instead takes its place (templates/login.html, wrong.html),
   and says in large words that no alarm is heard here. It is not loaded: a new page might neither sound nor shake before
   somebody has touched it. */

const root = document.documentElement;

/** Show the page that came from `url`. What sounds goes on, and what was said about a press stays. */
export function end(html, url) {
  const theirs = new DOMParser().parseFromString(html, "text/html");
  const [sound, said] = ["sound", "said"].map((id) => document.getElementById(id));
  dress([...theirs.querySelectorAll("link[rel=stylesheet]"), document.querySelector('link[href^="/static/sound.css"]')]);
  theirs.querySelector("header").append(sound);
  for (const deaf of theirs.querySelectorAll(".deaf")) deaf.hidden = false;
  document.body.replaceChildren(theirs.querySelector("header"), theirs.querySelector("main"), said);
  document.title = theirs.title;
  history.replaceState(null, "", url);
  scrollTo(0, 0);
  root.toggleAttribute("data-ended", true);
  document.dispatchEvent(new Event("ended"));
}

/** These style sheets, and no other; what is there already is not loaded again. */
function dress(styles) {
  const old = new Map([...document.querySelectorAll("link[rel=stylesheet]")].map((style) => [style.href, style]));
  const wanted = styles.map((style) => old.get(style.href) ?? style);
  for (const style of old.values()) if (!wanted.includes(style)) style.remove();
  document.head.append(...wanted.filter((style) => style.parentNode !== document.head));
}
