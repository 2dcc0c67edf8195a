// Bad networks and bad servers. None of it is a logout.

import assert from "node:assert/strict";
import test from "node:test";
import { Refused, Unavailable } from "../edge-auth.js";
import { scene, watch } from "./support/browser.js";
import { API } from "./support/server.js";

const HOUR_MS = 3_600_000;
const OFFLINE = { thereMs: 0, lost: "request", how: "error" };

/** Return a scene with a page whose access token has expired. */
async function expired() {
  const stage = scene();
  const tab = await stage.browser.signedIn();
  await stage.time.pass(HOUR_MS);
  return { ...stage, tab, sent: stage.browser.sent.length, startMs: stage.time.nowMs };
}

/** Return when the refreshes left, in ms since a start. */
function departures({ browser, startMs }) {
  const refreshes = browser.sent.filter(({ url, atMs }) => url.endsWith("/auth/refresh") && atMs >= startMs);
  return refreshes.map(({ atMs }) => atMs - startMs);
}

const TROUBLE = {
  "a 429": { answer: { status: 429, body: { error: "too_many_requests" } } },
  "a 429 with a page of HTML": { answer: { status: 429, body: "<h1>Slow down</h1>" } },
  "a 500": { answer: { status: 500, body: { message: "Internal server error" } } },
  "a 502 with a page of HTML": { answer: { status: 502, body: "<h1>Bad gateway</h1>" } },
  "a 503": { answer: { status: 503, body: { error: "temporarily_unavailable" } } },
  "a 504": { answer: { status: 504, body: "" } },
  "a 503 that names invalid_grant": { answer: { status: 503, body: { error: "invalid_grant" } } },
  "no network": OFFLINE,
  "a request without an answer": { lost: "answer" },
  "a broken answer": { lost: "answer", how: "error" },
  "the page of a captive portal": { answer: { status: 200, body: "<h1>Welcome to the hotel</h1>" } },
  "a 200 without a token": { answer: { status: 200, body: {} } },
  "a 204": { answer: { status: 204, body: "" } },
  "a 403 of a firewall": { answer: { status: 403, body: "<h1>Forbidden</h1>" } },
  "a 404 of another server": { answer: { status: 404, body: "null" } },
};

for (const [name, fault] of Object.entries(TROUBLE)) {
  // An app that took this for a logout would lose its user at each deployment and in each tunnel.
  test(`${name} is no logout: the call is unavailable, and the next one needs no login`, async () => {
    const { time, server, browser, tab } = await expired();
    const told = [];
    tab.auth.subscribe((session) => told.push(session));
    browser.faults = Array(3).fill(fault);
    const failed = watch(tab.auth.fetch(`${API}/me`), time);
    await time.pass(30_000);

    assert.ok(failed.error instanceof Unavailable);
    assert.ok(failed.error.retryAfter >= 1);
    assert.ok(failed.atMs - time.nowMs + 30_000 <= 16_100, "at most 16 s");
    assert.deepEqual(tab.auth.session, { id: "s1" });

    const later = watch(tab.auth.fetch(`${API}/me`), time);
    await time.pass(2_000);
    assert.equal(later.value?.status, 200);
    assert.equal(told.length, 1);
    assert.equal(server.count("/auth/login"), 1);
  });
}

// A refusal is about the request, not about the session.
test("only invalid_grant signs out: another refusal is an error of its own", async () => {
  for (const [status, code] of [
    [403, "csrf_failed"],
    [400, "invalid_request"],
    [401, "invalid_token"],
    [415, "unsupported_media_type"],
  ]) {
    const { time, browser, tab, sent } = await expired();
    browser.faults = [{ answer: { status, body: { error: code } } }];
    const refused = watch(tab.auth.token(), time);
    await time.pass(10_000);

    assert.ok(refused.error instanceof Refused);
    assert.deepEqual([refused.error.status, refused.error.code], [status, code]);
    assert.equal(browser.sent.length, sent + 1, "a refusal is definitive");
    assert.deepEqual(tab.auth.session, { id: "s1" });
  }
});

// The server gives the same successor again, so a repetition is harmless.
test("one lost answer costs less than 5 s", async () => {
  const stage = await expired();
  const { time, browser, tab, startMs } = stage;
  browser.faults = [{ lost: "answer" }];
  const call = watch(tab.auth.fetch(`${API}/me`), time);
  await time.pass(30_000);

  assert.equal(call.value?.status, 200);
  assert.ok(call.atMs - startMs < 5_000);
  assert.deepEqual(departures(stage), [2, 3_002]);
});

// A request may be on its way for a long time, and its answer may be lost.
test("requests without an answer leave at 0, 3 and 7 s, and no more of them", async () => {
  const stage = await expired();
  const { time, browser, tab, startMs } = stage;
  browser.faults = Array(3).fill({ lost: "answer" });
  const call = watch(tab.auth.token(), time);
  await time.pass(60_000);

  assert.deepEqual(departures(stage), [2, 3_002, 7_002]);
  assert.ok(call.error instanceof Unavailable);
  assert.equal(call.atMs - startMs, 16_002, "each is aborted 9 s after it left");
});

// A refused connection fails at once, and the next request need not wait for its time.
test("after an error the next request leaves a second later", async () => {
  const stage = await expired();
  const { time, browser, tab } = stage;
  browser.faults = Array(3).fill(OFFLINE);
  const call = watch(tab.auth.token(), time);
  await time.pass(60_000);

  assert.deepEqual(departures(stage), [2, 1_002, 2_002]);
  assert.ok(call.error instanceof Unavailable);
});

// The answers of all requests are the same, so one is enough.
test("the first answer stops the other requests", async () => {
  const stage = await expired();
  const { time, browser, tab } = stage;
  browser.faults = [{ holdMs: 4_000 }];
  const call = watch(tab.auth.token(), time);
  await time.pass(3_500);

  assert.equal(typeof call.value, "string");
  assert.deepEqual(departures(stage), [2, 3_002]);
  assert.ok(browser.sent.slice(-2)[0].options.signal.aborted, "the request that is still under way is aborted");

  tab.comeBack();
  const restored = watch(tab.auth.restore(), time);
  await time.pass(200);
  assert.equal(restored.value, true, "an aborted request is no failure, after which a refresh would wait");
});

// A late cookie could put an old token in the place of a newer one.
test("a request that takes longer than 9 s is aborted, and its cookie is not taken", async () => {
  const { time, browser, tab } = await expired();
  const before = browser.cookie;
  browser.faults = Array(3).fill({ holdMs: 10_000 });
  watch(tab.auth.token(), time);
  await time.pass(60_000);

  assert.equal(browser.cookie, before);
});

// The server knows when it can answer again.
test("nothing is sent before the time that Retry-After names", async () => {
  const stage = await expired();
  const { time, browser, tab } = stage;
  browser.faults = [{ answer: { status: 503, headers: { "Retry-After": "3" }, body: {} } }];
  const call = watch(tab.auth.token(), time);
  await time.pass(60_000);

  assert.equal(typeof call.value, "string");
  assert.deepEqual(departures(stage), [2, 3_102]);
});

// A caller that waited for a minute would be a page that hangs.
test("a long Retry-After is told to the caller, and calls fail at once until then", async () => {
  const stage = await expired();
  const { time, browser, tab, startMs } = stage;
  browser.faults = [{ answer: { status: 429, headers: { "Retry-After": "60" }, body: {} } }];
  const first = watch(tab.auth.token(), time);
  await time.pass(20_000);
  const second = watch(tab.auth.token(), time);
  await time.pass(1_000);
  assert.deepEqual([first.error.retryAfter, second.error.retryAfter], [60, 41]);
  assert.ok(first.atMs - startMs < 200);
  assert.deepEqual(departures(stage), [2]);
  assert.deepEqual(tab.auth.session, { id: "s1" });

  await time.pass(40_000);
  const third = watch(tab.auth.token(), time);
  await time.pass(1_000);
  assert.equal(typeof third.value, "string");
});

for (const value of ["Wed, 21 Oct 2026 07:28:00 GMT", "0", "-5", "soon"]) {
  // A proxy may send a date (RFC 9110 section 10.2.3) or nonsense; then the usual pause holds.
  test(`a Retry-After of "${value}" counts as a second`, async () => {
    const stage = await expired();
    const { time, browser, tab } = stage;
    browser.faults = [{ answer: { status: 503, headers: { "Retry-After": value }, body: {} } }];
    watch(tab.auth.token(), time);
    await time.pass(60_000);

    assert.deepEqual(departures(stage), [2, 1_102]);
  });
}

// A page that calls in a loop must not flood the server.
test("after a failure there is at most one try a second", async () => {
  const stage = await expired();
  const { time, browser, tab, sent } = stage;
  browser.network = () => OFFLINE;
  for (let call = 0; call < 600; call++) {
    watch(tab.auth.fetch(`${API}/me`), time);
    await time.pass(100);
  }

  const refreshes = browser.sent.slice(sent).filter(({ url }) => url.endsWith("/auth/refresh"));
  assert.ok(refreshes.length <= 61, `${refreshes.length} in 60 s`);
  assert.ok(refreshes.length >= 20);
});

// The same holds if the server refuses: an error of a deployment may last for an hour.
test("after a refusal there is at most one try a second", async () => {
  const { time, browser, tab, sent } = await expired();
  browser.faults = Array(1_000).fill({ answer: { status: 403, body: { error: "csrf_failed" } } });
  for (let call = 0; call < 100; call++) {
    watch(tab.auth.token(), time);
    await time.pass(100);
  }

  assert.ok(browser.sent.length - sent <= 11);
});

// The browser itself says that the network is away, and the app sees what it always sees then.
test("offline with a good token, a call fails as any call does, and the user stays signed in", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  browser.network = () => OFFLINE;
  const failed = watch(tab.auth.fetch(`${API}/me`), time);
  await time.pass(60_000);
  assert.ok(failed.error instanceof TypeError);
  assert.deepEqual(tab.auth.session, { id: "s1" });

  browser.network = () => ({ thereMs: 50, backMs: 50 });
  const later = watch(tab.auth.fetch(`${API}/me`), time);
  await time.pass(1_000);
  assert.equal(later.value?.status, 200);
  assert.equal(server.count("/auth/login"), 1);
});

// An app that starts in a tunnel shows its own "offline", not its login form.
test("offline at the start of a page, nothing is known, and a later restore needs no login", async () => {
  const { time, browser } = scene();
  (await browser.signedIn()).close();
  const good = browser.network;
  browser.network = () => OFFLINE;
  const tab = browser.open();
  const first = watch(tab.auth.restore(), time);
  await time.pass(60_000);
  assert.ok(first.error instanceof Unavailable);
  assert.equal(tab.auth.session, undefined);

  browser.network = good;
  const second = watch(tab.auth.restore(), time);
  await time.pass(1_000);
  assert.equal(second.value, true);
});

// The present token still works, so the call need not know that its renewal has failed.
test("a renewal in the last minute that fails disturbs no call", async () => {
  const { time, browser } = scene();
  const tab = await browser.signedIn();
  await time.pass(860_000);
  browser.faults = Array(3).fill(OFFLINE);
  const call = watch(tab.auth.fetch(`${API}/me`), time);
  await time.pass(5_000);

  assert.equal(call.value?.status, 200);
});
