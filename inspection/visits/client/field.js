// The field app: works without a network, sends when there is one, shows what has arrived.
import "./lib/field.css";
import { findCode, home } from "./lib/home.js";
import { Place } from "./lib/place.js";
import { refreshPack, sendAll, SignedOut } from "./lib/send.js";
import { allVisits, clean, getPack, keepForGood, putVisit, unsent } from "./lib/store.js";
import { say, word } from "./lib/ui.js";
import { newVisit, visitScreen } from "./lib/visit.js";

const RETRY_MS = 60_000;

const app = {
  place: new Place(() => {}),
  kept: false,
  least: 1,
  most: 30,
  limit: 500,
  busy: false,

  async send(loud = false) {
    if (this.busy || !(await unsent()).length) return;
    this.busy = true;
    net(word("sending"));
    const why = await sendAll(() => atHome() && home(app)).finally(() => (this.busy = false));
    net();
    if (why === "signin") askSignIn();
    else if (why && loud) say(word("broken"));
    else if (loud) say(word("sent_ok"));
    if (atHome()) await home(app);
  },

  async refresh(loud = false) {
    try {
      const pack = await refreshPack();
      this.learn(pack);
      if (atHome()) await home(app);
    } catch (error) {
      if (error instanceof SignedOut) askSignIn();
      else if (loud) say(error.message || word("broken"));
    }
  },

  learn(pack) {
    if (!pack) return;
    this.least = pack.photos_least;
    this.most = pack.photos_most;
    this.limit = pack.distance_limit;
    this.who = pack.who;
  },

  open(typed, pack) {
    const found = findCode(pack, typed);
    if (found.error) return say(found.error);
    return this.begin(found.project, found.token);
  },

  // A started visit to the same project goes on; a new one begins.
  async begin(project, token) {
    const started = (await allVisits()).find((v) => v.state === "draft" && v.project.id === project.id);
    const visit = started ?? newVisit(project, token, this.who);
    if (token) visit.token = token;
    await putVisit(visit);
    location.hash = `#/visit/${visit.client_id}`;
  },
};

const atHome = () => !location.hash.startsWith("#/visit/");
const askSignIn = () => say(word("signin"), `/sign-in?next=${encodeURIComponent("/field")}`);

function net(text = "") {
  const box = document.getElementById("net");
  box.textContent = text || word(navigator.onLine ? "online" : "offline");
  box.dataset.state = navigator.onLine ? "online" : "offline";
}

async function route() {
  const id = /^#\/visit\/([0-9a-f-]{36})$/.exec(location.hash)?.[1];
  if (id) return visitScreen(app, id);
  app.place.changed = () => {};
  window.scrollTo(0, 0);
  return home(app);
}

// The code that brought us here: ?c= after the redirect of a scan, /c/… when the scan found no network.
function scanned() {
  const typed = new URLSearchParams(location.search).get("c") ?? (/^\/c\/([^/]+)/i.exec(location.pathname)?.[1] || "");
  if (typed) history.replaceState(null, "", `/field${location.hash}`);
  return typed;
}

async function start() {
  const typed = scanned();
  app.learn(await getPack());
  net();
  app.place.start();
  await clean();
  addEventListener("hashchange", route);
  addEventListener("online", () => (net(), app.send()));
  addEventListener("offline", () => net());
  addEventListener("focus", () => app.send());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && app.send());
  setInterval(() => app.send(), RETRY_MS);
  await route();
  app.kept = await keepForGood();
  if (navigator.onLine) await app.refresh();
  if (typed) await app.open(typed, await getPack());
  await app.send();
}

if ("serviceWorker" in navigator) {
  for (const scope of ["/field", "/c/"]) navigator.serviceWorker.register("/field/sw.js", { scope }).catch(() => {});
}
start();
