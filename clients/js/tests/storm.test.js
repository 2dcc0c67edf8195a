// Many tabs restored at once on a bad network: the case for which the rotation rule and the lock are made.

import assert from "node:assert/strict";
import test from "node:test";
import { scene, watch } from "./support/browser.js";
import { API } from "./support/server.js";
import { random } from "./support/time.js";

const ROUNDS = 200;
const TABS = 8;
const LOST_REQUESTS = 0.1;
const LOST_ANSWERS = 0.15;
const PAUSE_MS = 3_600_000; // between two rounds: the access tokens have expired

/** A network that takes 0.02 to 1.5 s each way, and that loses requests and answers, with and without an error. */
function badNetwork(chance) {
  return () => {
    const drawn = chance();
    const lost = drawn < LOST_REQUESTS ? "request" : drawn < LOST_REQUESTS + LOST_ANSWERS ? "answer" : undefined;
    const how = chance() < 0.5 ? "error" : "silence";
    return { thereMs: 20 + chance() * 1480, backMs: 20 + chance() * 1480, lost, how };
  };
}

/** Restore all tabs at once, and reload every second one a little later. Return what each restore led to. */
async function round({ time, browser }, chance) {
  const restored = [];
  const restore = () => {
    const tab = browser.open();
    restored.push({ tab, seen: watch(tab.auth.restore(), time) });
    return tab;
  };
  for (let number = 0; number < TABS; number++) {
    const tab = restore();
    if (number % 2 === 0) continue;
    time.after(chance() * 2_000, () => {
      tab.close();
      restore();
    });
  }
  await time.pass(60_000);
  return restored.filter(({ tab }) => !tab.closed);
}

/** Run the storm with what the browser has. Return what it led to. */
async function storm({ hasLocks, hasChannel }, seed) {
  const stage = scene();
  const { time, server, browser } = stage;
  const chance = random(seed);
  Object.assign(browser, { hasLocks, hasChannel });
  (await browser.signedIn()).close();
  const good = browser.network;
  const found = { unavailable: 0, signedOut: 0 };
  for (let number = 0; number < ROUNDS; number++) {
    browser.network = badNetwork(chance);
    const restored = await round(stage, chance);
    browser.network = good;
    for (const { tab, seen } of restored) {
      if (seen.error) found.unavailable += 1;
      if (seen.value === false || tab.auth.session === null) found.signedOut += 1;
    }
    // A tab that was unavailable is signed in as soon as the network is good again.
    const calls = restored.map(({ tab }) => watch(tab.auth.fetch(`${API}/me`), time));
    await time.pass(PAUSE_MS);
    found.signedOut += calls.filter(({ value }) => value?.status !== 200).length;
    for (const { tab } of restored) tab.close();
  }
  const refusals = server.calls.filter(({ path, status }) => path === "/auth/refresh" && status !== 200);
  const refreshes = browser.sent.filter(({ url }) => url.endsWith("/auth/refresh"));
  return { ...found, refusals: refusals.length, sessions: server.sessions.size, refreshes: refreshes.length };
}

// The server tolerates the race, and the lock and the channel make it cheap.
test("eight tabs restored at once on a bad network stay in one session, with at most 4 refreshes", async (context) => {
  const { refreshes, unavailable, ...found } = await storm({ hasLocks: true, hasChannel: true }, 1);
  context.diagnostic(`${refreshes / ROUNDS} refreshes a round, ${unavailable} of ${ROUNDS * TABS} loads unavailable`);

  assert.deepEqual(found, { signedOut: 0, refusals: 0, sessions: 1 });
  assert.ok(refreshes / ROUNDS <= 4, `${refreshes / ROUNDS} refreshes a round`);
});

// An old browser, or an origin that may not use them: more requests, and the same result.
test("without locks and channel they stay in one session too", async (context) => {
  const { refreshes, unavailable, ...found } = await storm({ hasLocks: false, hasChannel: false }, 2);
  context.diagnostic(`${refreshes / ROUNDS} refreshes a round, ${unavailable} of ${ROUNDS * TABS} loads unavailable`);

  assert.deepEqual(found, { signedOut: 0, refusals: 0, sessions: 1 });
});
