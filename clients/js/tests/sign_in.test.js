// Login, and what a page learns at its start.

import assert from "node:assert/strict";
import test from "node:test";
import { inspect } from "node:util";
import { Refused, Unavailable } from "../edge-auth.js";
import { scene, watch } from "./support/browser.js";
import { API, AUTH } from "./support/server.js";

// The server needs all of this to know that the request comes from the app's own page.
test("every request to the server is a JSON POST with the cookie and our header, and is never cached", async () => {
  const { time, browser } = scene();
  const tab = await browser.signedIn();
  await Promise.all([browser.open().auth.restore(), time.pass(1000)]);
  await Promise.all([tab.auth.logout(), time.pass(1000)]);

  assert.deepEqual(
    browser.sent.map(({ url, body }) => [url, JSON.parse(body)]),
    [
      [`${AUTH}/auth/login`, { username: "ada", password: "right", transport: "cookie" }],
      [`${AUTH}/auth/refresh`, {}],
      [`${AUTH}/auth/logout`, { all: false }],
    ],
  );
  for (const { method, headers, options } of browser.sent) {
    assert.equal(method, "POST");
    assert.equal(headers.get("Content-Type"), "application/json");
    assert.equal(headers.get("X-Edge-Auth"), "1");
    assert.equal(options.credentials, "include");
    assert.equal(options.cache, "no-store");
    assert.equal(options.redirect, "error");
  }
});

// A browser applies the cookie of an aborted keepalive request, and an old cookie would then replace a newer one.
test("no request is sent with keepalive", async () => {
  const { time, browser } = scene();
  const tab = await browser.signedIn();
  await Promise.all([browser.open().auth.restore(), time.pass(1000)]);
  await Promise.all([tab.auth.logout(), time.pass(1000)]);

  assert.deepEqual(browser.sent.filter(({ options }) => "keepalive" in options), []);
});

// API Gateway's default addresses have a stage.
test("the address of the server may have a path", async () => {
  const { time, browser } = scene();
  const tab = browser.open({ url: `${AUTH}/prod/` });
  watch(tab.auth.restore(), time);
  await time.pass(10);

  assert.equal(browser.sent[0].url, `${AUTH}/prod/auth/refresh`);
});

// The page knows nothing before it asks, then one refresh tells.
test("a reload keeps the session with one refresh", async () => {
  const { time, server, browser } = scene();
  (await browser.signedIn()).close();

  const tab = browser.open();
  assert.equal(tab.auth.session, undefined);
  const restored = watch(tab.auth.restore(), time);
  await time.pass(1000);

  assert.equal(restored.value, true);
  assert.deepEqual(tab.auth.session, { id: "s1" });
  assert.equal(server.count("/auth/refresh"), 1);
});

// A browser without a cookie is signed out, and that is no error.
test("a page without a session is signed out after one refresh", async () => {
  const { time, server, browser } = scene();
  const tab = browser.open();
  const restored = watch(tab.auth.restore(), time);
  await time.pass(1000);

  assert.equal(restored.value, false);
  assert.equal(tab.auth.session, null);
  assert.equal(server.count("/auth/refresh"), 1);
});

// The form shows the code of the error, and a session that was there goes on.
test("a refused login says why and changes nothing", async () => {
  const { time, browser } = scene();
  const tab = await browser.signedIn();
  const login = watch(tab.auth.login({ username: "ada", password: "wrong" }), time);
  await time.pass(1000);

  assert.ok(login.error instanceof Refused);
  assert.deepEqual([login.error.status, login.error.code], [401, "invalid_credentials"]);
  assert.deepEqual(tab.auth.session, { id: "s1" });
});

// A login is not repeated: each answer that is lost would leave a session behind.
test("a login without an answer is unavailable after 9 s and was sent once", async () => {
  const { time, server, browser } = scene();
  const tab = browser.open();
  browser.faults.push({ lost: "answer" });
  const login = watch(tab.auth.login({ username: "ada", password: "right" }), time);
  await time.pass(30_000);

  assert.ok(login.error instanceof Unavailable);
  assert.ok(login.atMs <= 9_010);
  assert.equal(server.count("/auth/login"), 1);
});

// 429 tells how long to wait.
test("a login that comes too often learns when to try again", async () => {
  const { time, browser } = scene();
  const tab = browser.open();
  browser.faults.push({
    answer: { status: 429, headers: { "Retry-After": "37" }, body: { error: "too_many_attempts" } },
  });
  const login = watch(tab.auth.login({ username: "ada", password: "right" }), time);
  await time.pass(1000);

  assert.ok(login.error instanceof Unavailable);
  assert.equal(login.error.retryAfter, 37);
});

// A new login ends the session that the browser had, so none is left behind.
test("a login over a session ends that session", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  await Promise.all([tab.auth.login({ username: "grace", password: "right" }), time.pass(1000)]);

  assert.deepEqual(tab.auth.session, { id: "s2" });
  assert.deepEqual(server.living.map(({ id }) => id), ["s2"]);
});

// Subscribers draw the page, and each needless call draws it again.
test("subscribers are called at once and when the session changes, and not for a refresh", async () => {
  const { time, browser } = scene();
  const tab = browser.open();
  const seen = [];
  const unsubscribe = tab.auth.subscribe((session) => seen.push(session));
  await Promise.all([tab.auth.login({ username: "ada", password: "right" }), time.pass(1000)]);
  const { session } = tab.auth;
  for (let hour = 0; hour < 3; hour++) {
    await time.pass(3_600_000);
    await Promise.all([tab.auth.token(), time.pass(1000)]);
  }
  assert.equal(tab.auth.session, session, "the same object, as React expects it");
  await Promise.all([tab.auth.logout(), time.pass(1000)]);
  unsubscribe();
  await Promise.all([tab.auth.login({ username: "ada", password: "right" }), time.pass(1000)]);

  assert.deepEqual(seen, [undefined, { id: "s1" }, null]);
});

// A fault of the page must not stop a login or a refresh.
test("a subscriber that fails is reported and disturbs nothing", async () => {
  const { time, browser } = scene();
  const tab = browser.open();
  const fault = new Error("a fault of the page");
  const seen = [];
  tab.auth.subscribe((session) => {
    if (session) throw fault;
  });
  tab.auth.subscribe((session) => seen.push(session));
  await Promise.all([tab.auth.login({ username: "ada", password: "right" }), time.pass(1000)]);

  assert.deepEqual(tab.errors, [fault]);
  assert.deepEqual(seen, [undefined, { id: "s1" }]);
});

// Browsers delete what scripts store after seven days without a visit.
test("a browser that deletes or blocks the storage of scripts stays signed in", async () => {
  for (const storage of [new Map(), undefined]) {
    const { time, browser } = scene();
    (await browser.signedIn()).close();
    browser.stored = storage; // without a map, each use throws
    const restored = watch(browser.open().auth.restore(), time);
    await time.pass(1000);

    assert.equal(restored.value, true);
  }
});

// A script of a stranger in the page finds no token to take away.
test("nothing is stored while the user is signed in", async () => {
  const { time, browser } = scene();
  const tab = await browser.signedIn();
  await time.pass(3_600_000);
  await Promise.all([tab.auth.fetch(`${API}/me`), time.pass(1000)]);

  assert.equal(browser.stored.size, 0);
  assert.doesNotMatch(JSON.stringify({ ...tab.auth }), /access\./);
});

// The second request has the token of the first answer in the place of the password.
test("a login that needs a second step says so, and the next one takes it", async () => {
  const { time, browser } = scene();
  const tab = browser.open();
  const asked = { error: "mfa_required", mfa_token: "edgeauth_pt_secret" };
  browser.faults.push({ answer: { status: 401, body: asked } });
  const first = watch(tab.auth.login({ username: "ada", password: "right" }), time);
  await time.pass(1000);
  assert.deepEqual([first.error.code, first.error.answer], ["mfa_required", asked]);

  const { mfa_token } = first.error.answer;
  watch(tab.auth.login({ username: "ada", mfa_token, otp: "123456" }), time);
  await time.pass(1000);
  assert.deepEqual(JSON.parse(browser.sent[1].body), { username: "ada", mfa_token, otp: "123456", transport: "cookie" });
});

// Whoever reports errors sends them to another machine.
test("an error that is printed or reported shows no token", () => {
  const error = new Refused(401, { error: "mfa_required", mfa_token: "edgeauth_pt_secret" });

  assert.equal(error.answer.mfa_token, "edgeauth_pt_secret");
  assert.match(inspect(error), /mfa_required/);
  for (const shown of [inspect(error, { showHidden: true, depth: 9 }), JSON.stringify(error), String(error)]) {
    assert.doesNotMatch(shown, /secret/);
  }
});

// A step-up, or a passkey over another session: the old access token must not stay in any tab.
test("a session that takes the place of another reaches every tab", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  const other = browser.open();
  watch(other.auth.restore(), time);
  await time.pass(1000);
  const token = await tab.auth.token();
  watch(tab.auth.openSession("/auth/step-up", { otp: "123456" }, token), time);
  await time.pass(1000);

  assert.deepEqual([tab.auth.session, other.auth.session], [{ id: "s2" }, { id: "s2" }]);
  assert.equal(await other.auth.token(), await tab.auth.token());
  assert.notEqual(await tab.auth.token(), token);
  const sent = browser.sent.at(-1);
  assert.equal(sent.headers.get("Authorization"), `Bearer ${token}`);
  assert.deepEqual([sent.credentials, JSON.parse(sent.body)], ["include", { otp: "123456" }]);
  assert.deepEqual(server.living.map(({ id }) => id), ["s2"]);
  assert.equal(browser.sent[0].headers.get("Authorization"), null, "a login has none");
});

// Otherwise the refresh of the other tab would meet the end of the session, and sign that tab out.
test("no refresh of another tab runs while a session takes the place of another", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  const other = browser.open();
  watch(other.auth.restore(), time);
  await time.pass(60_000);
  watch(other.auth.token({ fresh: true }), time);
  watch(tab.auth.openSession("/auth/step-up", {}, await tab.auth.token()), time);
  await time.pass(20_000);

  assert.equal(server.calls.filter(({ outcome }) => outcome === "dead").length, 0);
  assert.deepEqual([tab.auth.session, other.auth.session], [{ id: "s2" }, { id: "s2" }]);
});
