// The client with the means of the platform itself, as far as Node has them: fetch, clocks, timers, locks, channel.

import assert from "node:assert/strict";
import test from "node:test";
import { createAuth } from "../edge-auth.js";

const URL_OF_SERVER = "https://auth.example.com";
const GRANT = { access_token: "access", expires_in: 900, session_id: "s1" };

/** Give Node what only pages have, and answers from no network. Return what was sent, and the channels. */
function platform(context, answer) {
  const sent = [];
  const channels = [];
  context.mock.timers.enable({ apis: ["setTimeout"] }); // or the process would live as long as a time limit
  context.mock.method(globalThis, "fetch", async (address, options) => {
    sent.push([String(address?.url ?? address), options]);
    return answer();
  });
  const listeners = [];
  const given = {
    addEventListener: (name, listener) => listeners.push([name, listener]),
    BroadcastChannel: class extends BroadcastChannel {
      constructor(name) {
        super(name);
        channels.push(this);
      }
    },
  };
  const before = Object.keys(given).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]);
  for (const [name, value] of Object.entries(given)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  context.after(() => {
    for (const channel of channels) channel.close();
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else delete globalThis[name];
    }
  });
  return { sent, channels, listeners };
}

// The other tests give the client their own means, so one must show that it finds the real ones.
test("by itself the client uses the platform's fetch, locks and channel", async (context) => {
  const { sent, channels } = platform(context, () => Response.json(GRANT));
  const auth = createAuth({ url: URL_OF_SERVER, name: "shop" });
  const other = new globalThis.BroadcastChannel("shop");
  const told = new Promise((resolve) => other.addEventListener("message", ({ data }) => resolve(data), { once: true }));
  const locks = context.mock.method(navigator.locks, "request");

  assert.equal(await auth.restore(), true);
  assert.deepEqual(auth.session, { id: "s1" });
  assert.equal((await told).in, "access");
  assert.deepEqual(locks.mock.calls.map((call) => call.arguments[0]), ["shop"]);
  assert.deepEqual(channels.map(({ name }) => name), ["shop", "shop"]);
  assert.equal(sent[0][0], `${URL_OF_SERVER}/auth/refresh`);
  assert.deepEqual((await navigator.locks.query()).held, [], "the lock was released");
});

// A browser may lack all of it, and a worker has no pages.
test("by itself the client works where there are no locks, no channel, no storage and no pages", async (context) => {
  platform(context, () => Response.json(GRANT));
  const locks = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: undefined, configurable: true });
  Object.assign(globalThis, { BroadcastChannel: undefined, addEventListener: undefined });
  context.after(() => Object.defineProperty(globalThis, "navigator", locks));

  assert.equal(await createAuth({ url: URL_OF_SERVER }).restore(), true);
});

// Firefox does so where the user blocks all cookies and data of sites.
test("by itself the client works where the browser refuses a channel", async (context) => {
  platform(context, () => Response.json(GRANT));
  globalThis.BroadcastChannel = class {
    constructor() {
      throw new DOMException("The operation is insecure.", "SecurityError");
    }
  };

  assert.equal(await createAuth({ url: URL_OF_SERVER }).restore(), true);
});

// Only a page that was frozen in the browser's memory comes back with `persisted`.
test("a page that comes back asks again, and a page that is loaded does not", async (context) => {
  const { sent, listeners } = platform(context, () => Response.json(GRANT));
  const auth = createAuth({ url: URL_OF_SERVER });
  await auth.restore();
  const [[name, listener]] = listeners;
  assert.equal(name, "pageshow");
  listener({ persisted: false });
  assert.deepEqual([auth.session, sent.length], [{ id: "s1" }, 1]);

  listener({ persisted: true });
  assert.equal(auth.session, undefined);
  assert.equal(await auth.restore(), true);
  assert.equal(sent.length, 2);
});
