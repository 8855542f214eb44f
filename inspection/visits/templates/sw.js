// Keeps the shell of the field app for places without a network. Data is never kept here: that is the app's own store.
const KEPT = {{ kept|safe }};
const PATIENCE_MS = 6000;
const CACHE = "field-" + KEPT.join("|");

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(KEPT)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((n) => n.startsWith("field-") && n !== CACHE).map((n) => caches.delete(n))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (event.request.mode === "navigate") {
    event.respondWith(page(event.request));
  } else if (KEPT.includes(url.pathname)) {
    event.respondWith(caches.match(url.pathname).then((kept) => kept || fetch(event.request)));
  }
});

// A fresh page when there is a network; else, or when the line is too weak to wait for, the kept shell, which reads
// the code from the address itself.
async function page(request) {
  const shell = await caches.match("/field");
  const fresh = fetch(request).then((answer) => (answer.status >= 500 && shell ? shell : answer));
  if (!shell) return fresh;
  const late = new Promise((done) => setTimeout(done, PATIENCE_MS, shell));
  return Promise.race([fresh.catch(() => shell), late]);
}
