// Verifies access tokens with aws-jwt-verify and examples/ended_sessions.mjs. Each line of input has a token and the
// time in milliseconds. Each line of output has the name of the error, or "accepted".
// Usage: node ended_sessions.mjs JWKS ISSUER AUDIENCE URL FAILS_OPEN

import { createInterface } from "node:readline";
import { JwtVerifier } from "aws-jwt-verify";
import { endedSessions } from "../../../examples/ended_sessions.mjs";

const [jwks, issuer, audience, url, failsOpen] = process.argv.slice(2);
const customJwtCheck = endedSessions(url, { failsOpen: failsOpen === "true" });
const verifier = JwtVerifier.create({ issuer, audience, jwksUri: `${issuer}/.well-known/jwks.json`, customJwtCheck });
verifier.cacheJwks(JSON.parse(jwks));

for await (const line of createInterface({ input: process.stdin })) {
  const { token, now } = JSON.parse(line);
  Date.now = () => now;
  const answer = await verifier.verify(token).then(
    () => "accepted",
    (error) => error.constructor.name,
  );
  console.log(answer);
}
