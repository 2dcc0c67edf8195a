// The module for accounts: which route each function calls, how, and what comes back.

import assert from "node:assert/strict";
import test from "node:test";
import { Refused, Unavailable } from "edge-auth-client";
import { createAccount } from "edge-auth-client/account";

const API = "https://auth.example.com/v1";

// A page of an API that answers each request with this answer.
function page(status, body, { token = "token" } = {}) {
  const log = [];
  const respond = (kind) => async (input, init) => {
    log.push([kind, init.method, input.replace(API, ""), init.body && JSON.parse(init.body), init]);
    return new Response(body && JSON.stringify(body), { status });
  };
  const auth = {
    fetch: respond("with token"),
    token: async (how) => log.push(["token", how]) && token,
    openSession: async (...sent) => log.push(["open session", ...sent]),
  };
  return { account: createAccount({ url: `${API}/`, auth }, respond("open")), log };
}

const CODES = ["aaaa", "bbbb"];
const pending = { enrolment: "e", otp: "123456" };

for (const [name, act, sent, answer, result] of [
  ["askReset", (a) => a.askReset("ada"), ["open", "POST", "/auth/password/reset", { username: "ada", transport: "cookie" }], [202], null],
  ["reset", (a) => a.reset({ proof: "p", new_password: "n", otp: "1" }),
    ["open", "POST", "/auth/password/reset/confirm", { proof: "p", new_password: "n", otp: "1" }], [204], null],
  ["address", (a) => a.address(), ["with token", "GET", "/auth/email", undefined], [200, { email: "a@b" }], { email: "a@b" }],
  ["changeAddress", (a) => a.changeAddress({ email: "a@b", current_password: "c" }),
    ["with token", "POST", "/auth/email", { email: "a@b", current_password: "c" }], [202], null],
  ["confirmAddress", (a) => a.confirmAddress({ username: "ada", code: "1" }),
    ["open", "POST", "/auth/email/confirm", { username: "ada", code: "1" }], [204], null],
  ["undoAddress", (a) => a.undoAddress({ proof: "p" }), ["open", "POST", "/auth/email/undo", { proof: "p" }], [204], null],
  ["factors", (a) => a.factors(), ["with token", "GET", "/auth/factors", undefined], [200, { totp: true }], { totp: true }],
  ["beginApp", (a) => a.beginApp(), ["with token", "POST", "/auth/factors/totp", undefined], [200, { secret: "s" }],
    { secret: "s" }],
  ["confirmApp", (a) => a.confirmApp(pending), ["with token", "POST", "/auth/factors/totp/confirm", pending],
    [200, { recovery_codes: CODES }], CODES],
  ["removeApp", (a) => a.removeApp(), ["with token", "DELETE", "/auth/factors/totp", undefined], [204], null],
  ["newRecoveryCodes", (a) => a.newRecoveryCodes(), ["with token", "POST", "/auth/factors/recovery-codes", undefined],
    [200, { recovery_codes: CODES }], CODES],
  ["beginRequiredApp", (a) => a.beginRequiredApp("t"),
    ["open", "POST", "/auth/factors/enrolment", { enrolment_token: "t" }], [200, { secret: "s" }], { secret: "s" }],
  ["confirmRequiredApp", (a) => a.confirmRequiredApp({ enrolment_token: "t", ...pending }),
    ["open", "POST", "/auth/factors/enrolment", { enrolment_token: "t", ...pending }],
    [200, { recovery_codes: CODES }], CODES],
]) {
  test(`${name} sends one request, and returns what the answer has`, async () => {
    const { account, log } = page(...answer);

    assert.deepEqual(await act(account), result);
    assert.deepEqual(log.map((entry) => entry.slice(0, 4)), [sent]);
    const [kind, , , , init] = log[0];
    assert.equal(init.cache, "no-store");
    const credentials = name === "askReset" ? "include" : "omit"; // a device of the user gets mails of its own
    if (kind === "open") assert.deepEqual([init.credentials, init.redirect], [credentials, "error"]);
    if (credentials === "include") assert.equal(init.headers["X-Edge-Auth"], "1");
  });
}

// The new session takes the place of the old one, so the client must know both tokens.
test("a step-up opens a session with the access token of the one before", async () => {
  const { account, log } = page(200);
  await account.stepUp({ otp: "123456" });
  assert.deepEqual(log.at(-1), ["open session", "/auth/step-up", { otp: "123456" }, "token"]);
});

// A page cannot read API Gateway's own 401 there. What the server says of a dead session, the refresh has heard.
test("a step-up asks for a fresh access token, and refuses by itself who is signed out", async () => {
  const { account, log } = page(200, undefined, { token: null });
  await assert.rejects(account.stepUp({ otp: "123456" }), (error) => {
    assert.ok(error instanceof Refused);
    assert.deepEqual([error.status, error.code], [0, "invalid_token"]);
    return true;
  });
  assert.deepEqual(log, [["token", { fresh: true }]]);
});

test("a refusal has the code and the answer, and any other failure is a server that cannot be asked", async () => {
  const refusal = { error: "mfa_required" };
  const { account } = page(401, refusal);
  await assert.rejects(account.reset({ proof: "p", new_password: "n" }), (error) => {
    assert.ok(error instanceof Refused);
    assert.deepEqual([error.status, error.code, error.answer], [401, "mfa_required", refusal]);
    return true;
  });
  await assert.rejects(page(503, { error: "temporarily_unavailable" }).account.factors(), Unavailable);
});
