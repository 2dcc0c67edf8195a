// Several tabs: the lock that may fail, the channel, and another login.

import assert from "node:assert/strict";
import test from "node:test";
import { scene, watch } from "./support/browser.js";
import { API } from "./support/server.js";

const HOUR_MS = 3_600_000;
const LOCK_WAIT_MS = 5_000;

// The first tab tells its token to the others, which wait for the lock meanwhile.
test("eight tabs restored at once on a good network need one refresh", async () => {
  const { time, server, browser } = scene();
  (await browser.signedIn()).close();
  const tabs = Array.from({ length: 8 }, () => browser.open());
  const restored = tabs.map((tab) => watch(tab.auth.restore(), time));
  await time.pass(2_000);

  assert.deepEqual(restored.map(({ value }) => value), Array(8).fill(true));
  assert.equal(server.count("/auth/refresh"), 1);
});

// Browsers freeze hidden pages, also while they hold a lock.
test("a tab that is frozen during its refresh delays another tab by the wait for the lock only", async () => {
  const { time, browser } = scene();
  const [frozen, other] = [await browser.signedIn(), browser.open()];
  await time.pass(HOUR_MS);
  watch(frozen.auth.token(), time);
  await time.pass(20);
  frozen.freeze();
  const startMs = time.nowMs;
  const call = watch(other.auth.fetch(`${API}/me`), time);
  await time.pass(30_000);
  assert.equal(call.value?.status, 200);
  assert.ok(call.atMs - startMs <= LOCK_WAIT_MS + 300, `${call.atMs - startMs} ms`);

  frozen.thaw();
  const later = watch(frozen.auth.fetch(`${API}/me`), time);
  await time.pass(2_000);
  assert.equal(later.value?.status, 200);
});

// A closed page releases its lock.
test("a tab that is closed during its refresh delays another tab by less than a second", async () => {
  const { time, browser } = scene();
  const [closed, other] = [await browser.signedIn(), browser.open()];
  await time.pass(HOUR_MS);
  watch(closed.auth.token(), time);
  await time.pass(20);
  const startMs = time.nowMs;
  const call = watch(other.auth.fetch(`${API}/me`), time);
  closed.close();
  await time.pass(10_000);

  assert.equal(call.value?.status, 200);
  assert.ok(call.atMs - startMs < 1_000);
});

const BROKEN_LOCKS = {
  "is never granted": () => new Promise(() => {}),
  "is refused": () => Promise.reject(new DOMException("not here", "SecurityError")),
  "is granted too late": (tab, { signal }, work) =>
    new Promise((resolve) => signal.addEventListener("abort", () => queueMicrotask(() => resolve(work())))),
};

for (const [name, request] of Object.entries(BROKEN_LOCKS)) {
  // The lock saves requests and does nothing else, so its failure is no error of the app.
  test(`a lock that ${name} is skipped`, async () => {
    const { time, browser } = scene();
    const given = [];
    browser.request = (...parameters) => {
      const lock = request(...parameters);
      given.push(watch(lock, time));
      return lock;
    };
    const tab = browser.open();
    const login = watch(tab.auth.login({ username: "ada", password: "right" }), time);
    await time.pass(LOCK_WAIT_MS + 1_000);
    await time.pass(HOUR_MS);
    const token = watch(tab.auth.token(), time);
    await time.pass(LOCK_WAIT_MS + 1_000);

    assert.equal(login.error, undefined);
    assert.equal(typeof token.value, "string");
    if (name === "is granted too late") assert.ok(given.every((lock) => "value" in lock), "it was given back at once");
  });
}

// A tab that was frozen hears all messages when it goes on.
test("the life of a token that a tab hears late counts from its issue", async () => {
  const { time, server, browser } = scene();
  const [frozen, other] = [await browser.signedIn(), browser.open()];
  await time.pass(HOUR_MS);
  frozen.freeze();
  watch(other.auth.token(), time);
  await time.pass(HOUR_MS);
  frozen.thaw();
  const call = watch(frozen.auth.fetch(`${API}/me`), time);
  await time.pass(1_000);

  assert.equal(call.value.status, 200);
  assert.equal(server.count("/me"), 1, "no call was made with the expired token");
});

/** Return what a tab tells about a token that was issued some time ago. */
function told({ time, browser }, session_id, agoMs) {
  const sentMs = time.nowMs + browser.clockMs - agoMs;
  return { in: `access.${session_id}.told`, expires_in: 900, session_id, sentMs, fromLogin: false };
}

// Messages and answers may overtake each other.
test("a newer token of another tab is taken, an older one is not", async () => {
  const stage = scene();
  const tab = await stage.browser.signedIn();
  const own = await tab.auth.token();
  tab.hear(told(stage, "s1", 60_000));
  assert.equal(await tab.auth.token(), own);

  tab.hear(told(stage, "s1", 0));
  assert.equal(await tab.auth.token(), "access.s1.told");
});

// It is the late answer to a session that has ended: only a login changes the session of a page.
test("another tab's refresh changes neither the session of a page nor that it is signed out", async () => {
  const stage = scene();
  const { time, browser } = stage;
  const tab = await browser.signedIn();
  const own = await tab.auth.token();
  tab.hear(told(stage, "s0", 0));
  assert.deepEqual([tab.auth.session, await tab.auth.token()], [{ id: "s1" }, own]);

  await Promise.all([tab.auth.logout(), time.pass(1_000)]);
  tab.hear(told(stage, "s1", 0));
  assert.equal(tab.auth.session, null);
});

// The user reads it in one tab, and clicks in another.
test("a login in one tab signs in the others, with the same session and no refresh", async () => {
  const { time, server, browser } = scene();
  const [tab, other] = [browser.open(), browser.open()];
  await Promise.all([other.auth.restore(), time.pass(1_000)]);
  const refreshes = server.count("/auth/refresh");
  await Promise.all([tab.auth.login({ username: "ada", password: "right" }), time.pass(1_000)]);

  assert.deepEqual(other.auth.session, { id: "s1" });
  assert.equal(await other.auth.token(), await tab.auth.token());
  assert.equal(server.count("/auth/refresh"), refreshes);
});

// The pages of the first user must go, and the app learns it.
test("a login as another user in one tab is told to the others", async () => {
  const { time, browser } = scene();
  const [tab, other] = [await browser.signedIn("ada"), browser.open()];
  await Promise.all([other.auth.restore(), time.pass(1_000)]);
  const seen = [];
  other.auth.subscribe((session) => seen.push(session?.id));
  await Promise.all([tab.auth.login({ username: "grace", password: "right" }), time.pass(1_000)]);

  assert.deepEqual(seen, ["s1", "s2"]);
});

// The cookie belongs to the other user now, so the page cannot go on as before, and the app learns it.
test("without the channel another login is noticed at the next refresh", async () => {
  const { time, browser } = scene();
  browser.hasChannel = false;
  const [tab, other] = [await browser.signedIn("ada"), browser.open()];
  await Promise.all([other.auth.restore(), time.pass(1_000)]);
  await Promise.all([tab.auth.login({ username: "grace", password: "right" }), time.pass(HOUR_MS)]);
  assert.deepEqual(other.auth.session, { id: "s1" });
  const call = watch(other.auth.fetch(`${API}/me`), time);
  await time.pass(1_000);

  assert.deepEqual(other.auth.session, { id: "s2" });
  assert.equal(call.error.code, "session_changed");
});

for (const holdMs of [4_000, 8_000]) {
  for (const where of ["the same tab", "another tab"]) {
    // An answer to the old session that came late would put its cookie in the place of the new one.
    test(`a login in ${where} while a refresh is held for ${holdMs / 1000} s is the session that stays`, async () => {
      const { time, server, browser } = scene();
      const [tab, other] = [await browser.signedIn(), browser.open()];
      await time.pass(HOUR_MS);
      const good = browser.network;
      browser.network = ({ url }) => (url.endsWith("/auth/refresh") ? { thereMs: 50, backMs: holdMs } : good());
      watch(tab.auth.token(), time);
      await time.pass(20);
      const place = where === "the same tab" ? tab : other;
      const login = watch(place.auth.login({ username: "grace", password: "right" }), time);
      await time.pass(20_000);
      assert.equal(login.error, undefined);
      assert.ok("atMs" in login);
      assert.deepEqual([tab.auth.session, other.auth.session], [{ id: "s2" }, { id: "s2" }]);
      assert.match(browser.cookie, /^s2\./);

      browser.network = good;
      const restored = watch(browser.open().auth.restore(), time);
      await time.pass(2_000);
      assert.equal(restored.value, true);
      assert.deepEqual(server.living.map(({ id }) => id), ["s2"]);
    });
  }
}

// The login that began later is the one that the user sees.
test("two logins at once in two tabs leave one session", async () => {
  const { time, server, browser } = scene();
  const [tab, other] = [browser.open(), browser.open()];
  watch(tab.auth.login({ username: "ada", password: "right" }), time);
  watch(other.auth.login({ username: "grace", password: "right" }), time);
  await time.pass(5_000);

  assert.deepEqual([tab.auth.session, other.auth.session], [{ id: "s2" }, { id: "s2" }]);
  assert.deepEqual(server.living.map(({ id }) => id), ["s2"]);
});
