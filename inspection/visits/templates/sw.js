// Keeps the shell of the field app for places without a network. Data is never kept here: that is the app's own store.
const KEPT = {{ kept|safe }};
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
    // A fresh page when there is a network; else the shell, which reads the code from the address itself.
    const shell = () => caches.match("/field");
    event.respondWith(fetch(event.request).then((r) => (r.status >= 500 ? shell().then((s) => s || r) : r)).catch(shell));
  } else if (KEPT.includes(url.pathname)) {
    event.respondWith(caches.match(url.pathname).then((kept) => kept || fetch(event.request)));
  }
});
