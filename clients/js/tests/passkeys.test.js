// The module for passkeys: what it sends, what the sign-in learns, and what it rejects with.

import assert from "node:assert/strict";
import test from "node:test";
import { Refused, Unavailable } from "edge-auth-client";
import { createPasskeys } from "edge-auth-client/passkeys";

const URL_OF_API = "https://auth.example.com/v1/";
const ROUTE = "https://auth.example.com/v1/auth/passkeys";

// A page of an API that answers each request with the next of these answers.
function page(answers, { token = "the access token" } = {}) {
  const log = [];
  const respond = async (kind, input, init) => {
    log.push([kind, init.method, input, init.body && JSON.parse(init.body), init]);
    const [status, body, headers] = answers.shift() ?? [500, {}];
    if (status === 0) throw new TypeError("offline");
    return new Response(status === 204 ? null : typeof body === "string" ? body : JSON.stringify(body), {
      status,
      headers,
    });
  };
  const auth = {
    token: async (how) => log.push(["token", how]) && token,
    openSession: async (...sent) => log.push(["open session", "", ...sent]),
    fetch: (input, init) => respond("with token", input, init),
  };
  const signed = { toJSON: () => ({ signed: true }) };
  const world = {
    fetch: (input, init) => respond("open", input, init),
    credentials: {
      get: async (options) => log.push(["get", options]) && signed,
      create: async (options) => log.push(["create", options]) && signed,
    },
    kind: {
      parseRequestOptionsFromJSON: (options) => ({ parsed: options }),
      parseCreationOptionsFromJSON: (options) => ({ parsed: options }),
      isConditionalMediationAvailable: async () => true,
    },
  };
  return { passkeys: createPasskeys({ url: URL_OF_API, auth }, world), log, world };
}

const steps = (log) => log.map(([kind, method, address]) => [kind, method, address].filter(Boolean).join(" "));

test("a sign-in sends what the browser has signed, and the sign-in of the page learns of it", async () => {
  const { passkeys, log } = page([[200, { challenge: "c" }]]);
  await passkeys.signIn();

  assert.deepEqual(
    log.map(([kind, method, address, body]) => [kind, typeof method === "string" ? method : "", address, body]),
    [
      ["open", "POST", `${ROUTE}/options`, undefined],
      ["get", "", undefined, undefined],
      ["open session", "", "/auth/passkeys/sign-in", { credential: { signed: true }, transport: "cookie" }],
    ],
  );
  assert.equal(log[0][4].credentials, "omit");
  assert.deepEqual(log[1][1].publicKey, { parsed: { challenge: "c" } });
  assert.deepEqual([log[0][4].cache, log[0][4].redirect], ["no-store", "error"]);
});

test("a login that asks for a passkey goes on with its token, and no challenge is asked for", async () => {
  const { passkeys, log } = page([]);
  await passkeys.signIn({ asked: { error: "mfa_required", mfa_token: "t", methods: ["passkey"], passkey: { c: 1 } } });

  assert.deepEqual(
    log.map(([kind]) => kind),
    ["get", "open session"],
  );
  assert.deepEqual(log[0][1].publicKey, { parsed: { c: 1 } });
  assert.deepEqual(log[1].slice(2), [
    "/auth/passkeys/sign-in",
    { credential: { signed: true }, mfa_token: "t", transport: "cookie" },
  ]);
});

test("a step-up goes to its route with the access token", async () => {
  const { passkeys, log } = page([[200, { challenge: "c" }]]);
  await passkeys.stepUp();

  assert.deepEqual(
    log.map(([kind]) => kind),
    ["open", "get", "token", "open session"],
  );
  assert.deepEqual(log[3].slice(2), ["/auth/step-up", { credential: { signed: true } }, "the access token"]);
});

// A page cannot read API Gateway's own 401 there. What the server says of a dead session, the refresh has heard.
test("a step-up asks for a fresh access token, and refuses by itself who is signed out", async () => {
  const { passkeys, log } = page([[200, { challenge: "c" }]], { token: null });
  await assert.rejects(passkeys.stepUp(), (error) => {
    assert.ok(error instanceof Refused);
    assert.deepEqual([error.status, error.code], [0, "invalid_token"]);
    return true;
  });
  assert.deepEqual(log.at(-1), ["token", { fresh: true }]);
});

test("autofill waits for the user, and can be given up", async () => {
  const { passkeys, log } = page([[200, {}], [200, {}]]);
  const { signal } = new AbortController();
  await passkeys.signIn({ conditional: true, signal });
  assert.equal(log[1][1].mediation, "conditional");
  assert.equal(log[1][1].signal, signal);
});

test("a passkey is registered, listed, renamed and removed with the access token", async () => {
  const made = { id: "abc" };
  const { passkeys, log } = page([[200, {}], [201, made], [200, { passkeys: [made] }], [204], [204]]);
  assert.deepEqual(await passkeys.register("phone"), made);
  assert.deepEqual(await passkeys.list(), [made]);
  await passkeys.rename("abc", "blue");
  await passkeys.remove("abc");

  assert.deepEqual(
    log.filter(([kind]) => kind === "with token").map(([, method, address, body]) => [method, address, body]),
    [
      ["POST", `${ROUTE}/registration`, undefined],
      ["POST", ROUTE, { credential: { signed: true }, name: "phone" }],
      ["GET", ROUTE, undefined],
      ["PATCH", `${ROUTE}/abc`, { name: "blue" }],
      ["DELETE", `${ROUTE}/abc`, undefined],
    ],
  );
});

test("a refusal has the code of the answer, and opens nothing", async () => {
  const { passkeys, log } = page([[403, { error: "forbidden" }], [401, { error: "insufficient_user_authentication" }]]);
  await assert.rejects(passkeys.signIn(), (error) => error instanceof Refused && error.code === "forbidden");
  await assert.rejects(passkeys.register(), { status: 401, code: "insufficient_user_authentication" });
  assert.deepEqual(steps(log), [`open POST ${ROUTE}/options`, `with token POST ${ROUTE}/registration`]);
});

for (const [name, answer, seconds] of [
  ["a 503", [503, { error: "temporarily_unavailable" }, { "Retry-After": "7" }], 7],
  ["a 429", [429, { error: "too_many_attempts" }, { "Retry-After": "7" }], 7],
  ["a page of a captive portal", [200, "<html>"], 1],
  ["a refusal of another machine", [403, {}], 1],
  ["no network", [0], 1],
]) {
  test(`${name} is a server that cannot be asked`, async () => {
    const { passkeys } = page([answer]);
    await assert.rejects(passkeys.signIn(), (error) => error instanceof Unavailable && error.retryAfter === seconds);
  });
}

test("the error of the browser reaches the page", async () => {
  const { passkeys, world } = page([[200, {}]]);
  world.credentials.get = async () => {
    throw new DOMException("declined", "NotAllowedError");
  };
  await assert.rejects(passkeys.signIn(), { name: "NotAllowedError" });
});

test("a browser without passkeys says so", async () => {
  const { passkeys, world } = page([]);
  assert.equal(await passkeys.available(), true);
  world.kind.isConditionalMediationAvailable = async () => {
    throw new Error("no");
  };
  assert.equal(await passkeys.available(), false);
  world.kind.isConditionalMediationAvailable = undefined;
  assert.equal(await passkeys.available(), false);
  world.kind = undefined;
  assert.equal(await passkeys.available(), false);
});

// Safari 16 to 18.3 and Chrome 108 to 128 offer passkeys in a field, and have no such method: a sign-in would fail.
test("a browser that cannot read the options offers no passkeys", async () => {
  const { passkeys, world } = page([]);
  world.kind.parseRequestOptionsFromJSON = undefined;
  assert.equal(await passkeys.available(), false);
});
