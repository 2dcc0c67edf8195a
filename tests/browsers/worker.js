// A service worker as apps have them: it answers every request from the network, and keeps pages for offline use.
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  event.respondWith(
    fetch(event.request).then(async (answer) => {
      const ofApp = event.request.method === "GET" && new URL(event.request.url).origin === self.origin;
      if (ofApp) await (await caches.open("pages")).put(event.request, answer.clone());
      return answer;
    }),
  );
});
