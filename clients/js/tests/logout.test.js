// Logout: at once on this machine, on the server as soon as it can be reached, and never undone.

import assert from "node:assert/strict";
import test from "node:test";
import { Refused, Unavailable } from "../edge-auth.js";
import { scene, watch } from "./support/browser.js";
import { API } from "./support/server.js";
import { random } from "./support/time.js";

const HOUR_MS = 3_600_000;
const OFFLINE = { thereMs: 0, lost: "request", how: "error" };
const GOOD = { thereMs: 50, backMs: 50 };

// The user may leave the machine in the moment after the click.
test("a logout drops the token before the server answers, and ends the session there", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  const logout = watch(tab.auth.logout(), time);
  assert.equal(tab.auth.session, null);
  assert.equal(await tab.auth.token(), null);
  await time.pass(1_000);

  assert.equal(logout.error, undefined);
  assert.deepEqual(server.living, []);
  assert.equal(browser.cookie, undefined);
  assert.equal(browser.stored.size, 0);
});

// The server ends the other sessions of the user, too.
test("a logout of all sessions says so to the server", async () => {
  const { time, server, browser } = scene();
  (await browser.signedIn()).close();
  browser.cookie = undefined; // as on another machine
  const tab = await browser.signedIn();
  await Promise.all([tab.auth.logout({ all: true }), time.pass(1_000)]);

  assert.deepEqual(server.living, []);
});

// The other tabs show private pages.
test("a logout reaches the other tabs in 100 ms: no token, no refresh", async () => {
  const { time, server, browser } = scene();
  const [tab, other] = [await browser.signedIn(), browser.open()];
  await Promise.all([other.auth.restore(), time.pass(1_000)]);
  const refreshes = server.count("/auth/refresh");
  watch(tab.auth.logout(), time);
  await time.pass(100);
  assert.equal(other.auth.session, null);

  await time.pass(HOUR_MS);
  for (let call = 0; call < 3; call++) {
    const seen = watch(other.auth.fetch(`${API}/me`), time);
    await time.pass(1_000);
    assert.equal(seen.value.status, 401);
    assert.equal(browser.sent.at(-1).headers.get("Authorization"), null);
  }
  assert.equal(server.count("/auth/refresh"), refreshes);
});

// The order in which requests leave and answers come is chance, so it is drawn a hundred times.
for (const order of ["the refresh leaves first", "the logout leaves first"]) {
  for (const [hasLocks, hasChannel] of [
    [true, true],
    [false, false],
  ]) {
    const means = hasLocks ? "" : ", without locks and channel";
    // An answer of the refresh that counted would sign the user in again.
    test(`a logout during another tab's refresh holds, 100 times: ${order}${means}`, async () => {
      const chance = random(3);
      for (let number = 0; number < 100; number++) {
        const { time, server, browser } = scene();
        Object.assign(browser, { hasLocks, hasChannel });
        const tab = await browser.signedIn();
        const other = browser.open();
        await Promise.all([other.auth.restore(), time.pass(HOUR_MS)]);
        browser.network = () => ({ thereMs: 20 + chance() * 980, backMs: 20 + chance() * 980 });
        const refresh = () => watch(other.auth.token(), time);
        const logout = () => watch(tab.auth.logout(), time);
        const [first, second] = order === "the refresh leaves first" ? [refresh, logout] : [logout, refresh];
        first();
        await time.pass(chance() * 500);
        second();
        await time.pass(30_000);

        assert.deepEqual(server.living, []);
        browser.network = () => GOOD;
        const restored = watch(browser.open().auth.restore(), time);
        await time.pass(10_000);
        assert.equal(restored.value, false);
        if (hasChannel) assert.deepEqual([tab.auth.session, other.auth.session], [null, null]);
      }
    });
  }
}

// The user has seen "signed out", and the next user of the machine must find it so.
test("an offline logout holds through a reload, and is finished online before anything else", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  browser.network = () => OFFLINE;
  const logout = watch(tab.auth.logout(), time);
  await time.pass(10_000);
  assert.ok(logout.error instanceof Unavailable);
  assert.equal(tab.auth.session, null);
  tab.close();

  const reloaded = browser.open();
  assert.equal(reloaded.auth.session, null);
  const offline = watch(reloaded.auth.restore(), time);
  await time.pass(10_000);
  assert.equal(offline.value, false);
  reloaded.close();

  browser.network = () => GOOD;
  const online = watch(browser.open().auth.restore(), time);
  await time.pass(1_000);
  assert.equal(online.value, false);
  assert.deepEqual(server.living, []);
  assert.equal(server.count("/auth/refresh"), 0);
  assert.equal(browser.stored.size, 0);
});

// A page does not hear of a login at another origin with the same cookie. The user has logged out after it.
test("an offline logout is not undone by a login at another origin before it", async () => {
  const { time, server, browser } = scene();
  Object.assign(browser, { hasLocks: false, hasChannel: false }); // each origin has its own
  const tab = await browser.signedIn();
  const stored = browser.stored;
  browser.stored = new Map();
  (await browser.signedIn()).close();
  browser.stored = stored;
  browser.network = () => OFFLINE;
  watch(tab.auth.logout(), time);
  await time.pass(10_000);
  tab.close();
  browser.network = () => GOOD;
  const restored = watch(browser.open().auth.restore(), time);
  await time.pass(1_000);

  assert.equal(restored.value, false);
  assert.deepEqual(server.living, []);
});

// What is noted is no secret: a name and which sessions end.
test("only the note of an unfinished logout is stored, and it says whether all sessions end", async () => {
  const { time, server, browser } = scene();
  (await browser.signedIn()).close();
  browser.cookie = undefined; // as on another machine
  const tab = await browser.signedIn();
  browser.network = () => OFFLINE;
  watch(tab.auth.logout({ all: true }), time);
  await time.pass(10_000);
  assert.deepEqual([...browser.stored], [["edge-auth.logout", "all"]]);
  tab.close();

  browser.network = () => GOOD;
  watch(browser.open().auth.restore(), time);
  await time.pass(1_000);
  assert.deepEqual(server.living, []);
});

// The click came before the page went away.
test("a tab that is closed during its logout has logged out", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  watch(tab.auth.logout(), time);
  await time.pass(5);
  tab.close();
  browser.faults = [OFFLINE];
  const restored = watch(browser.open().auth.restore(), time);
  await time.pass(5_000);

  assert.equal(restored.value, false);
  assert.deepEqual(server.living, []);
});

// A tab that heard nothing finds the note.
test("a tab without the channel finishes the logout of another tab at its next refresh", async () => {
  const { time, server, browser } = scene();
  browser.hasChannel = false;
  const [tab, other] = [await browser.signedIn(), browser.open()];
  await Promise.all([other.auth.restore(), time.pass(1_000)]);
  browser.network = () => OFFLINE;
  watch(tab.auth.logout(), time);
  await time.pass(HOUR_MS);
  browser.network = () => GOOD;
  const token = watch(other.auth.token(), time);
  await time.pass(1_000);

  assert.equal(token.value, null);
  assert.deepEqual(server.living, []);
});

// Also while the server cannot be reached.
test("a tab that finds the note of another tab's logout is signed out before the logout is finished", async () => {
  const { time, browser } = scene();
  browser.hasChannel = false;
  const [tab, other] = [await browser.signedIn(), browser.open()];
  await Promise.all([other.auth.restore(), time.pass(1_000)]);
  browser.network = () => OFFLINE;
  watch(tab.auth.logout(), time);
  await time.pass(HOUR_MS);
  const token = watch(other.auth.token(), time);
  await time.pass(10_000);

  assert.equal(token.value, null);
  assert.equal(other.auth.session, null);
  assert.equal(browser.stored.size, 1);
});

// The server ends the session only once, so a repetition is harmless.
test("a logout whose answer is lost is sent again", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  browser.faults = [{ lost: "request" }, { lost: "answer" }];
  const logout = watch(tab.auth.logout(), time);
  await time.pass(10_000);

  assert.ok("value" in logout);
  assert.equal(server.count("/auth/logout"), 2);
  assert.equal(browser.stored.size, 0);
});

// The page knows already that there is no session.
test("a call that waits for the lock during a logout causes no refresh", async () => {
  const { time, browser } = scene();
  const [tab, other] = [await browser.signedIn(), browser.open()];
  await Promise.all([other.auth.restore(), time.pass(HOUR_MS)]);
  browser.network = () => ({ thereMs: 50, backMs: 2_000 });
  watch(tab.auth.token(), time);
  await time.pass(100);
  const sent = browser.sent.length;
  const token = watch(other.auth.token(), time);
  await time.pass(100);
  watch(tab.auth.logout(), time);
  await time.pass(20_000);

  assert.equal(token.value, null);
  assert.deepEqual(browser.sent.slice(sent).map(({ url }) => new URL(url).pathname), ["/auth/logout"]);
});

// The body of an answer may come after its head.
test("an answer whose body comes after a logout counts for nothing", async () => {
  const { time, browser } = scene();
  const tab = await browser.signedIn();
  await time.pass(HOUR_MS);
  browser.faults = [{ bodyMs: 1_000 }];
  const seen = [];
  tab.auth.subscribe((session) => seen.push(session));
  watch(tab.auth.token(), time);
  await time.pass(500);
  watch(tab.auth.logout(), time);
  await time.pass(5_000);

  assert.deepEqual(seen, [{ id: "s1" }, null], "not even for a moment");
  assert.equal(await tab.auth.token(), null);
});

// The hanging request has the cookie of its own time, but its repetition would have the cookie of the new login.
test("a logout that hangs while another tab logs in does not end the new session", async () => {
  const { time, server, browser } = scene();
  const [tab, other] = [await browser.signedIn(), browser.open()];
  browser.faults = [{ lost: "request" }, { lost: "request" }];
  const logout = watch(tab.auth.logout(), time);
  await time.pass(1_000);
  const login = watch(other.auth.login({ username: "ada", password: "right" }), time);
  await time.pass(20_000);

  assert.ok("value" in login);
  assert.ok("value" in logout, "the login has finished it");
  assert.deepEqual([tab.auth.session, other.auth.session], [{ id: "s2" }, { id: "s2" }]);
  assert.deepEqual(server.living.map(({ id }) => id), ["s2"]);
});

// A new login must not be ended by the old logout.
test("a login after an offline logout finishes the logout first, and stays", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  browser.network = () => OFFLINE;
  watch(tab.auth.logout(), time);
  await time.pass(10_000);
  browser.network = () => GOOD;
  const login = watch(tab.auth.login({ username: "ada", password: "right" }), time);
  await time.pass(1_000);
  assert.equal(login.error, undefined);
  assert.deepEqual(server.calls.map(({ path }) => path), ["/auth/login", "/auth/logout", "/auth/login"]);

  const restored = watch(browser.open().auth.restore(), time);
  await time.pass(1_000);
  assert.equal(restored.value, true);
  assert.deepEqual(server.living.map(({ id }) => id), ["s2"]);
});

// A note that the server refuses would otherwise shut the user out.
test("a login goes on if the server refuses the unfinished logout", async () => {
  const { time, browser } = scene();
  const tab = await browser.signedIn();
  browser.faults = [{ answer: { status: 403, body: { error: "csrf_failed" } } }];
  const logout = watch(tab.auth.logout(), time);
  await time.pass(1_000);
  assert.ok(logout.error instanceof Refused);
  browser.faults = [{ answer: { status: 403, body: { error: "csrf_failed" } } }];
  const login = watch(tab.auth.login({ username: "ada", password: "right" }), time);
  await time.pass(1_000);

  assert.equal(login.error, undefined);
  assert.equal(browser.stored.size, 0);
});

// The user clicks twice, and both clicks mean the same.
test("two logouts at once both succeed", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  const logouts = [watch(tab.auth.logout(), time)];
  await time.pass(20);
  logouts.push(watch(tab.auth.logout(), time));
  await time.pass(10_000);

  assert.deepEqual(logouts.map(({ error }) => error), [undefined, undefined]);
  assert.deepEqual(server.living, []);
  assert.equal(browser.stored.size, 0);
});

// The page of a captive portal answers everything with 200.
test("a logout counts only if the server itself confirms it", async () => {
  const { time, server, browser } = scene();
  const tab = await browser.signedIn();
  browser.faults = Array(3).fill({ answer: { status: 200, body: "<h1>Welcome to the hotel</h1>" } });
  const logout = watch(tab.auth.logout(), time);
  await time.pass(20_000);

  assert.ok(logout.error instanceof Unavailable);
  assert.equal(server.living.length, 1);
  assert.equal(browser.stored.size, 1);
});

// Without storage the logout cannot be finished later, but it is sent all the same.
test("a browser that blocks the storage of scripts can log out", async () => {
  const { time, server, browser } = scene();
  browser.stored = undefined; // each use throws
  const tab = await browser.signedIn();
  const logout = watch(tab.auth.logout(), time);
  await time.pass(1_000);

  assert.equal(logout.error, undefined);
  assert.deepEqual(server.living, []);
});
