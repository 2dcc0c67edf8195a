// When a refresh happens, and when it does not.

import assert from "node:assert/strict";
import test from "node:test";
import { scene, watch } from "./support/browser.js";
import { ACCESS_SECONDS, API } from "./support/server.js";

const HOUR_MS = 3_600_000;
const LIFE_MS = ACCESS_SECONDS * 1000;

/** Make some calls of the API at once, and return their statuses. */
async function calls(tab, time, count) {
  const seen = Array.from({ length: count }, () => watch(tab.auth.fetch(`${API}/me`), time));
  await time.pass(2_000);
  return seen.map(({ value, error }) => error ?? value.status);
}

// Timers of hidden tabs come late, and after a sleep all at once; so there are none.
test("an idle tab sends nothing for 24 hours, then one refresh", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  const before = browser.sent.length;
  await time.pass(24 * HOUR_MS);
  assert.equal(browser.sent.length, before);

  assert.deepEqual(await calls(tab, time, 1), [200]);
  assert.equal(server.count("/auth/refresh"), 1);
});

// All calls wait for the same refresh.
test("thirty calls without a good token cause one refresh", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  await time.pass(LIFE_MS);

  assert.deepEqual(await calls(tab, time, 30), Array(30).fill(200));
  assert.equal(server.count("/auth/refresh"), 1);
});

// The page is new, and all its parts call at once.
test("thirty calls of a page that has not asked yet cause one refresh", async () => {
  const { time, server, browser } = scene();
  (await browser.signedIn()).close();

  assert.deepEqual(await calls(browser.open(), time, 30), Array(30).fill(200));
  assert.equal(server.count("/auth/refresh"), 1);
});

// An operator has changed the rights of the user, and the token that is good does not say so.
test("a fresh token is asked for while the old one is good, and a signed-out page asks nobody", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  const first = await tab.auth.token();
  const fresh = watch(tab.auth.token({ fresh: true }), time);
  await time.pass(1_000);

  assert.notEqual(fresh.value, first);
  assert.equal(await tab.auth.token(), fresh.value);
  assert.equal(server.count("/auth/refresh"), 1);

  watch(tab.auth.logout(), time);
  await time.pass(1_000);
  assert.equal(await tab.auth.token({ fresh: true }), null);
  assert.equal(server.count("/auth/refresh"), 1);
});

// In the last minute the token is still good, so no call needs to wait for the next one.
test("a token in its last minute is used while the next one is fetched", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  const first = await tab.auth.token();
  await time.pass(LIFE_MS - 62_000);
  assert.equal(await tab.auth.token(), first);
  assert.equal(server.count("/auth/refresh"), 0);

  await time.pass(2_000);
  assert.equal(await tab.auth.token(), first);
  await time.pass(1_000);
  assert.notEqual(await tab.auth.token(), first);
  assert.equal(server.count("/auth/refresh"), 1);
});

// With a life of one minute, the last minute would be all of it.
test("a token of one minute is renewed in its last 12 s", async () => {
  const { time, server, browser } = scene();
  const tab = browser.open();
  const body = { access_token: "access.s1.0", expires_in: 60, session_id: "s1" };
  browser.faults.push({ answer: { status: 200, body } });
  await Promise.all([tab.auth.login({ username: "ada", password: "right" }), time.pass(1000)]);
  await time.pass(46_000);
  await tab.auth.token();
  await time.pass(1_010);
  assert.equal(browser.sent.length, 1);

  await tab.auth.token();
  await time.pass(1_000);
  assert.equal(server.count("/auth/refresh"), 1);
});

// In its last seconds a token may expire on the way.
test("a token in its last 5 s is not used", async () => {
  const { time, browser } = scene();
  const tab = await browser.signedIn();
  const first = await tab.auth.token();
  await time.pass(LIFE_MS - 5_500);
  const next = watch(tab.auth.token(), time);
  await time.pass(1_000);

  assert.notEqual(next.value, first);
});

// Only differences of time count, so it does not matter what a clock says.
for (const hours of [-2, 2]) {
  test(`a clock that is wrong by ${hours} h costs nothing`, async () => {
    const { time, server, browser } = scene();
    browser.clockMs += hours * HOUR_MS;
    const tab = await browser.signedIn();
    await time.pass(LIFE_MS);
    for (let call = 0; call < 10; call++) assert.deepEqual(await calls(tab, time, 1), [200]);

    assert.equal(server.count("/auth/refresh"), 1);
  });
}

// The larger of two elapsed times counts.
for (const [hours, refreshes] of [
  [2, 1],
  [-2, 0],
]) {
  test(`a clock that is set by ${hours} h causes ${refreshes} refreshes`, async () => {
    const { time, server, browser } = scene();
    const tab = await browser.signedIn();
    browser.clockMs += hours * HOUR_MS;
    for (let call = 0; call < 10; call++) assert.deepEqual(await calls(tab, time, 1), [200]);

    assert.equal(server.count("/auth/refresh"), refreshes);
  });
}

// Otherwise the API would see an expired token for two hours.
test("a token expires in time although the clock was set back", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  browser.clockMs -= 2 * HOUR_MS;
  await time.pass(LIFE_MS);

  assert.deepEqual(await calls(tab, time, 1), [200]);
  assert.equal(server.count("/me"), 1, "no call was made with the expired token");
});

// The monotonic clock stands still in sleep, and the wall clock does not.
test("a machine that has slept renews its token before the first call", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  await time.pass(HOUR_MS);
  browser.sleptMs += HOUR_MS;

  assert.deepEqual(await calls(tab, time, 1), [200]);
  assert.deepEqual(server.calls.map(({ status }) => status), [200, 200, 200], "the API has refused no call");
});

// The life of a token counts from its request, because the answer may be slow.
test("a slow answer does not make a token live longer", async () => {
  const { time, server, browser } = scene();
  browser.network = () => ({ thereMs: 50, backMs: 8_000 });
  const tab = browser.open();
  await Promise.all([tab.auth.login({ username: "ada", password: "right" }), time.pass(9_000)]);
  browser.network = () => ({ thereMs: 50, backMs: 50 });
  await time.pass(LIFE_MS - 9_000 - 4_000);

  assert.deepEqual(await calls(tab, time, 1), [200]);
  assert.equal(server.count("/auth/refresh"), 1);
});

// The rotation rule of the server takes the old token again, also a day later.
test("a tab that is closed during a refresh is signed in when it comes back the next day", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  await time.pass(HOUR_MS);
  watch(tab.auth.token(), time);
  await time.pass(75); // the server has rotated, and its answer is on the way
  tab.close();
  await time.pass(24 * HOUR_MS);
  const restored = watch(browser.open().auth.restore(), time);
  await time.pass(1_000);

  assert.equal(restored.value, true);
  assert.deepEqual(server.calls.map(({ outcome }) => outcome), ["opened", "rotated", "retried late"]);
});

// A stolen cookie was used, or the session was ended on another machine.
test("a page whose session has ended learns it at its next refresh", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  server.sessions.get("s1").ended = true;
  await time.pass(HOUR_MS);
  const token = watch(tab.auth.token(), time);
  await time.pass(1_000);

  assert.equal(token.value, null);
  assert.equal(tab.auth.session, null);
});

// A page from the browser's memory may be older than a logout.
test("a page that comes back from the browser's memory drops its token and asks", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  const first = await tab.auth.token();
  tab.comeBack();
  assert.equal(tab.auth.session, undefined);
  const token = watch(tab.auth.token(), time);
  await time.pass(1_000);
  assert.deepEqual(tab.auth.session, { id: "s1" });
  assert.notEqual(token.value, first);

  server.sessions.get("s1").ended = true;
  tab.comeBack();
  await time.pass(1_000);
  assert.equal(tab.auth.session, null);
  assert.equal(await tab.auth.token(), null);
});
