// The package itself: its size, its types, and what must not be in it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { transformSync } from "esbuild";
import * as client from "edge-auth-client";
import * as account from "edge-auth-client/account";
import * as passkeys from "edge-auth-client/passkeys";

const BUDGET_BYTES = 3 * 1024;

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), "utf-8");
const SOURCE = read("edge-auth.js");
const PACKAGE = JSON.parse(read("package.json"));

// Every visitor loads it, also those who never log in.
test("the minified and compressed module has at most 3 KB", (context) => {
  const { code } = transformSync(SOURCE, { minify: true, format: "esm", target: "es2022" });
  const bytes = gzipSync(code, { level: 9 }).length;
  context.diagnostic(`${code.length} bytes minified, ${bytes} compressed`);

  assert.ok(bytes <= BUDGET_BYTES, `${bytes} bytes`);
});

// Only pages that need one load it, with the calls that both need. docs/guides has the sizes.
for (const [name, exported, kilobytes] of [["account", account, 1], ["passkeys", passkeys, 1.1]]) {
  test(`the module ${name} has at most ${kilobytes} KB with its calls, writes to nothing, and exports what it declares`, (context) => {
    const sources = [`edge-auth-${name}.js`, "edge-auth-calls.js"].map(read);
    const minified = sources.map((source) => transformSync(source, { minify: true, format: "esm", target: "es2022" }));
    const bytes = gzipSync(minified.map(({ code }) => code).join(""), { level: 9 }).length;
    context.diagnostic(`${bytes} bytes compressed`);

    assert.ok(bytes <= kilobytes * 1024, `${bytes} bytes`);
    for (const word of ["setInterval", "console", "document", "Storage", "indexedDB"]) {
      assert.ok(!sources.join().includes(word), word);
    }
    const declared = read(`edge-auth-${name}.d.ts`).matchAll(/^export (?:function|class) (\w+)/gm);
    assert.deepEqual([...declared].map(([, name]) => name).sort(), Object.keys(exported).sort());
  });
}

// TypeScript checks the types; only this sees a name that is in one file alone.
test("the module exports what its types declare", () => {
  const declared = read("edge-auth.d.ts").matchAll(/^export (?:function|class) (\w+)/gm);

  assert.deepEqual([...declared].map(([, name]) => name).sort(), Object.keys(client).sort());
});

// A reader of this file has read everything.
test("the module needs no other package", () => {
  assert.equal(PACKAGE.dependencies, undefined);
  assert.doesNotMatch(SOURCE, /^import |import\(["']\w/m);
});

// Timers of hidden tabs come late; a console and a cookie of a script can be read by every script.
test("the module has no repeated timer, follows no visibility, and writes to no console and no cookie", () => {
  for (const word of ["setInterval", "visibilitychange", "console", "document", "sessionStorage", "indexedDB"]) {
    assert.ok(!SOURCE.includes(word), word);
  }
});
