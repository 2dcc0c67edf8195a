// The places that scripts can read, with what is in them now.

import { byId, describe, element } from "./screen.js";

const EVERY_MS = 2000;

const PLACES = [
  ["document.cookie", () => document.cookie],
  ["localStorage", () => Object.keys(localStorage).join(", ")],
  ["sessionStorage", () => Object.keys(sessionStorage).join(", ")],
  ["IndexedDB", async () => (await indexedDB.databases()).map(({ name }) => name).join(", ")],
  ["Cache storage", async () => (await caches.keys()).join(", ")],
  ["the address", () => location.search + location.hash],
];

async function show() {
  const found = await Promise.all(PLACES.map(async ([place, read]) => [place, await read()]));
  const entries = found.map(([place, content]) => [
    element("code", {}, place),
    element("span", { className: content ? "pill bad" : "pill good" }, content || "empty"),
  ]);
  describe(byId("absent"), entries);
}

setInterval(() => {
  if (!document.hidden) show();
}, EVERY_MS);
await show();
