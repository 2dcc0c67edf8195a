// The module for passkeys: what it sends, what the sign-in learns, what it rejects with, and its size.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { transformSync } from "esbuild";
import { Refused, Unavailable } from "edge-auth-client";
import * as module from "edge-auth-client/passkeys";

const BUDGET_BYTES = 3 * 1024;
const URL_OF_API = "https://auth.example.com/v1/";
const ROUTE = "https://auth.example.com/v1/auth/passkeys";
const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), "utf-8");

// A page of an API that answers each request with the next of these answers.
function page(answers, { session = null } = {}) {
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
    session,
    restore: async () => log.push(["restore"]),
    token: async (options) => log.push(["token", options]),
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
  return { passkeys: module.createPasskeys({ url: URL_OF_API, auth }, world), log, world };
}

const steps = (log) => log.map(([kind, method, address]) => [kind, method, address].filter(Boolean).join(" "));

test("a sign-in sends what the browser has signed, and the sign-in of the page learns of it", async () => {
  const { passkeys, log } = page([[200, { challenge: "c" }], [200, { access_token: "a" }]]);
  await passkeys.signIn();

  assert.deepEqual(
    log.map(([kind, method, address, body]) => [kind, typeof method === "string" ? method : "", address, body]),
    [
      ["open", "POST", `${ROUTE}/options`, undefined],
      ["get", "", undefined, undefined],
      ["restore", "", undefined, undefined],
      ["open", "POST", `${ROUTE}/sign-in`, { credential: { signed: true }, transport: "cookie" }],
      ["restore", "", undefined, undefined],
    ],
  );
  assert.equal(log[0][4].credentials, "omit");
  assert.deepEqual(log[1][1].publicKey, { parsed: { challenge: "c" } });
  const { credentials, headers, cache, redirect } = log[3][4];
  assert.deepEqual([credentials, cache, redirect, headers["X-Edge-Auth"]], ["include", "no-store", "error", "1"]);
});

// Otherwise the page would go on with the access token of the session before.
test("over another session the page asks for a token of the new one", async () => {
  const { passkeys, log } = page([[200, {}], [200, {}]], { session: { id: "before" } });
  await passkeys.signIn();
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
  const { passkeys, log } = page([[200, {}], [401, { error: "invalid_passkey" }]]);
  await assert.rejects(passkeys.signIn(), (error) => error instanceof Refused && error.code === "invalid_passkey");
  assert.equal(steps(log).at(-1), `open POST ${ROUTE}/sign-in`);
  const { passkeys: others } = page([[401, { error: "insufficient_user_authentication" }]]);
  await assert.rejects(others.register(), { status: 401, code: "insufficient_user_authentication" });
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
});

test("the module has at most 3 KB without the one beside it, and writes to nothing", (context) => {
  const source = read("edge-auth-passkeys.js");
  const { code } = transformSync(source, { minify: true, format: "esm", target: "es2022" });
  const bytes = gzipSync(code, { level: 9 }).length;
  context.diagnostic(`${code.length} bytes minified, ${bytes} compressed`);
  assert.ok(bytes <= BUDGET_BYTES, `${bytes} bytes`);
  for (const word of ["setInterval", "console", "document", "Storage", "indexedDB"]) assert.ok(!source.includes(word), word);
});

test("the module exports what its types declare", () => {
  const declared = read("edge-auth-passkeys.d.ts").matchAll(/^export (?:function|class) (\w+)/gm);
  assert.deepEqual([...declared].map(([, name]) => name).sort(), Object.keys(module).sort());
});
