// Verifies access tokens on Node, in turn with aws-jwt-verify and with Node's own check of the signature. It reads one
// JSON object from standard input, and writes the microseconds of a call, one value for each round.
// Usage: node node.mjs NODE_MODULES

import { createPublicKey, verify } from "node:crypto";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const require = createRequire(`${process.argv[2]}/`);
const { JwtVerifier } = require("aws-jwt-verify");
const { algorithms, audience, batchMs, issuer, leewaySeconds, rounds, type } = JSON.parse(await text(process.stdin));

const times = {};
for (const [alg, { jwk, good, bad }] of Object.entries(algorithms)) {
  const check = aws(jwk);
  check(good);
  for (const token of bad) {
    try {
      check(token);
    } catch {
      continue;
    }
    throw new Error(`aws-jwt-verify accepts a bad ${alg} token`);
  }
  times[alg] = inTurn({ reference: raw(alg, jwk, good), "aws-jwt-verify": () => check(good) });
}
console.log(JSON.stringify(times));

function customJwtCheck({ header }) {
  if (header.typ !== type) throw new Error(`typ is ${header.typ}`);
}

function aws(jwk) {
  const verifier = JwtVerifier.create({ issuer, audience, graceSeconds: leewaySeconds, customJwtCheck });
  verifier.cacheJwks({ keys: [jwk] });
  return (token) => verifier.verifySync(token);
}

// Node takes the signature in the form that tokens have, without a conversion.
function raw(alg, jwk, token) {
  const [header, payload, encoded] = token.split(".");
  const data = Buffer.from(`${header}.${payload}`);
  const signature = Buffer.from(encoded, "base64url");
  const key = { key: createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" };
  const digest = alg === "EdDSA" ? null : "sha256";
  return () => {
    if (!verify(digest, data, key, signature)) throw new Error("signature");
  };
}

function inTurn(acts) {
  const names = Object.keys(acts);
  const sizes = Object.fromEntries(names.map((name) => [name, batchSize(acts[name])]));
  const values = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 ? names : names.toReversed();
    for (const name of order) values[name].push((milliseconds(acts[name], sizes[name]) / sizes[name]) * 1000);
  }
  return values;
}

function batchSize(act) {
  milliseconds(act, 2000); // by then the code is compiled
  const size = 100;
  return Math.max(1, Math.round((size * batchMs) / milliseconds(act, size)));
}

// Wall-clock time: Node has no precise clock of CPU time. The median of many rounds compensates for that.
function milliseconds(act, calls) {
  const begin = performance.now();
  for (let call = 0; call < calls; call++) act();
  return performance.now() - begin;
}
