// `fetch` with the access token: where it goes, and what happens after a 401.

import assert from "node:assert/strict";
import test from "node:test";
import { createAccount } from "../edge-auth-account.js";
import { Refused } from "../edge-auth.js";
import { scene, watch } from "./support/browser.js";
import { API, AUTH } from "./support/server.js";

/** Call the API, let time pass, and return what came of it. */
async function call(tab, time, ...parameters) {
  const seen = watch(tab.auth.fetch(...parameters), time);
  await time.pass(2_000);
  return seen;
}

/** Return the requests that went to an origin. */
function to(origin, browser) {
  return browser.sent.filter(({ url }) => new URL(url).origin === origin && !url.includes("/auth/"));
}

// The API needs the token and no cookie; with a cookie, CORS answers of API Gateway are not readable.
test("a call of an API carries the access token and no cookie", async () => {
  const { time, browser } = scene();
  const tab = await browser.signedIn();
  for (const address of [`${API}/me`, new URL(`${API}/me`), new Request(`${API}/me`), `${AUTH}/me`]) {
    await call(tab, time, address, { headers: { "X-Own": "kept" }, credentials: "include" });
    const { headers, credentials } = browser.sent.at(-1);

    assert.equal(headers.get("Authorization"), `Bearer ${await tab.auth.token()}`);
    assert.equal(headers.get("X-Own"), "kept");
    assert.equal(credentials, "omit");
  }
});

// A token that is sent to a stranger is a stolen token.
test("a call of another origin passes unchanged, without a token and without a refresh", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  await time.pass(3_600_000);
  const others = [`${API}.evil.test/me`, `${API}:8443/me`, "http://api.example.com/me", "https://app.example.com/own"];
  const before = browser.sent.length;
  for (const address of others) watch(tab.auth.fetch(address, { credentials: "include" }), time);
  await time.pass(2_000);

  const sent = browser.sent.slice(before);
  assert.equal(sent.length, others.length);
  for (const { headers, credentials } of sent) {
    assert.equal(headers.get("Authorization"), null);
    assert.equal(credentials, "include");
  }
  assert.equal(server.count("/auth/refresh"), 0);
});

// Public parts of an API answer without a token, and the others answer 401, which the app sees.
test("a signed-out page calls without a token and without a refresh", async () => {
  const { time, server, browser } = scene();
  const tab = browser.open();
  await Promise.all([tab.auth.restore(), time.pass(1_000)]);
  const refreshes = server.count("/auth/refresh");
  for (let number = 0; number < 3; number++) assert.equal((await call(tab, time, `${API}/me`)).value.status, 401);

  assert.equal(to(API, browser)[0].headers.get("Authorization"), null);
  assert.equal(server.count("/auth/refresh"), refreshes);
});

// It may be a key that was replaced after a leak, so a new token may help.
test("after a 401 an old token is renewed, and the call is sent again with its whole body", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  await time.pass(31_000);
  server.refusesAll = true;
  time.after(150, () => {
    server.refusesAll = false;
  });
  const body = "x".repeat(100_000);
  const { value } = await call(tab, time, new Request(`${API}/orders`, { method: "POST", body }));

  assert.equal(value.status, 200);
  assert.equal((await value.json()).body, body);
  const sent = to(API, browser).map((request) => [request.method, request.body.length]);
  assert.deepEqual(sent, Array(2).fill(["POST", 100_000]));
  assert.equal(server.count("/auth/refresh"), 1);
});

// All of them were sent with the old token, and one new token serves them all.
test("thirty calls that get 401 cause one refresh", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  await time.pass(31_000);
  server.refusesAll = true;
  time.after(150, () => {
    server.refusesAll = false;
  });
  const calls = [];
  for (let number = 0; number < 30; number++) {
    calls.push(watch(tab.auth.fetch(`${API}/me`), time));
    await time.pass(3);
  }
  await time.pass(2_000);

  assert.deepEqual(calls.map(({ value }) => value.status), Array(30).fill(200));
  assert.equal(server.count("/auth/refresh"), 1);
});

// The API refuses for another reason, and refreshes would go on for ever.
test("an API that always answers 401 causes at most one refresh in 30 s, and the caller sees the 401", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  server.refusesAll = true;
  for (let second = 0; second < 300; second++) {
    const { value } = await call(tab, time, `${API}/me`);
    assert.equal(value.status, 401);
  }

  assert.ok(server.count("/auth/refresh") <= 600 / 30, `${server.count("/auth/refresh")} in 600 s`);
});

// A token that was issued a moment ago is not the reason.
test("a 401 for a young token causes no refresh", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  server.refusesAll = true;

  assert.equal((await call(tab, time, `${API}/me`)).value.status, 401);
  assert.equal(server.count("/auth/refresh"), 0);
});

// RFC 9470: the API wants another login, not another token. The refresh would be for nothing.
// API Gateway renames the header of a function behind a REST API.
for (const header of ["WWW-Authenticate", "x-amzn-Remapped-WWW-Authenticate"]) {
  test(`a 401 whose ${header} demands a stronger or a fresher login goes to the caller at once`, async () => {
    const { time, server, browser } = scene();
    const tab = await browser.signedIn();
    await time.pass(31_000);
    server.refusesAll = true;
    server.challengeName = header;
    server.challenge = 'Bearer error="insufficient_user_authentication", acr_values="2fa", max_age="300"';

    const { value } = await call(tab, time, `${API}/payments`);
    assert.deepEqual([value.status, value.headers.get(header)], [401, server.challenge]);
    assert.deepEqual([server.count("/payments"), server.count("/auth/refresh")], [1, 0]);

    server.challenge = 'Bearer error="invalid_token"';
    await call(tab, time, `${API}/payments`);
    assert.equal(server.count("/auth/refresh"), 1);
  });
}

// The server counts each wrong password, and locks the user out after a few. A refresh does not make it right.
test("a wrong password is sent once, causes no refresh, and is told as what it is", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  await time.pass(31_000);
  browser.faults = [{ answer: { status: 401, body: { error: "invalid_credentials" } } }];
  const account = createAccount({ url: AUTH, auth: tab.auth });
  const change = watch(account.changeAddress({ email: "ada@example.com", current_password: "typo" }), time);
  await time.pass(2_000);

  assert.ok(change.error instanceof Refused);
  assert.equal(change.error.code, "invalid_credentials");
  assert.equal(browser.sent.filter(({ url }) => url === `${AUTH}/auth/email`).length, 1);
  assert.equal(server.count("/auth/refresh"), 0);
});

// These are about the token: edge-auth's own answer to it, and one without a word of edge-auth.
for (const body of [{ error: "invalid_token" }, { error: { code: 401 } }, "<html>"]) {
  test(`a route of edge-auth that answers 401 with ${JSON.stringify(body)} is called again with a new token`, async () => {
    const { time, server, browser } = scene();
    const tab = await browser.signedIn();
    await time.pass(31_000);
    browser.faults = [{ answer: { status: 401, body } }, undefined, { answer: { status: 200, body: {} } }];

    assert.equal((await call(tab, time, `${AUTH}/auth/email`)).value.status, 200);
    assert.equal(server.count("/auth/refresh"), 1);
  });
}

// What another API means by its own codes is not known.
for (const address of [`${API}/auth/email`, `${AUTH}/orders`]) {
  test(`a 401 of ${address} causes a refresh, whatever its body says`, async () => {
    const { time, server, browser } = scene();
    const tab = await browser.signedIn();
    await time.pass(31_000);
    const { handle } = server;
    server.handle = (request) =>
      request.url === address ? { status: 401, body: { error: "unauthorized" } } : handle.call(server, request);

    assert.equal((await call(tab, time, address)).value.status, 401);
    assert.equal(server.count("/auth/refresh"), 1);
    assert.equal(browser.sent.filter(({ url }) => url === address).length, 2);
  });
}

// The form was filled in by one user, and must not be sent as another.
test("a call that waits while another user logs in is not sent", async () => {
  const { time, server, browser } = scene();
  const [tab, other] = [await browser.signedIn(), browser.open()];
  await time.pass(3_600_000);
  browser.faults = Array(2).fill({ lost: "answer" }); // until the login stops waiting for the lock
  const order = watch(tab.auth.fetch(`${API}/orders`, { method: "POST", body: "of ada" }), time);
  await time.pass(500);
  watch(other.auth.login({ username: "grace", password: "right" }), time);
  await time.pass(10_000);

  assert.ok(order.error instanceof Refused);
  assert.equal(order.error.code, "session_changed");
  assert.deepEqual(tab.auth.session, { id: "s2" });
  assert.equal(server.count("/orders"), 0);
});

// Its first answer was about the old session.
test("a call that got 401 is not repeated as another user", async () => {
  const { time, server, browser } = scene();
  const [tab, other] = [await browser.signedIn(), browser.open()];
  await time.pass(31_000);
  server.refusesAll = true;
  browser.network = () => ({ thereMs: 50, backMs: 1_000 });
  const order = watch(tab.auth.fetch(`${API}/orders`, { method: "POST", body: "of ada" }), time);
  browser.network = () => ({ thereMs: 50, backMs: 50 });
  await time.pass(10);
  watch(other.auth.login({ username: "grace", password: "right" }), time);
  await time.pass(10_000);

  assert.equal(order.value.status, 401);
  assert.equal(server.count("/orders"), 1);
});
