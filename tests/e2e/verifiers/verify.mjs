// Verifies access tokens with a library of Node that is set up as its manual says. Each line of input is a token. Each
// line of output has its claims, or the reason for the refusal. Usage: node verify.mjs LIBRARY ISSUER AUDIENCE

import { createInterface } from "node:readline";
import { JwtVerifier } from "aws-jwt-verify";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";
import { createRemoteJWKSet, jwtVerify } from "jose";

const TYPE = "at+jwt"; // RFC 9068
const ALGORITHMS = ["ES256", "RS256", "EdDSA"];

const libraries = { "aws-jwt-verify": awsJwtVerify, jose };
const [library, issuer, audience] = process.argv.slice(2);
const configuration = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
if (configuration.issuer !== issuer) throw new Error(`the issuer is ${configuration.issuer}`);
const verify = await libraries[library](configuration.jwks_uri);

for await (const token of createInterface({ input: process.stdin })) {
  const answer = await verify(token).then(
    (claims) => ({ claims }),
    (error) => ({ refused: `${error.name}: ${error.message}` }),
  );
  console.log(JSON.stringify(answer));
}

// The library accepts each algorithm that it knows and that the key set names. It has no setting for `typ`. It fetches
// only by https, so this function gives it a fetcher for plain http, as its manual shows.
async function awsJwtVerify(jwksUri) {
  const fetcher = { fetch: async (uri) => (await fetch(uri)).arrayBuffer() };
  const customJwtCheck = ({ header }) => {
    if (header.typ !== TYPE) throw new Error(`typ is ${header.typ}`);
  };
  const jwksCache = new SimpleJwksCache({ fetcher });
  const verifier = JwtVerifier.create({ issuer, audience, jwksUri, customJwtCheck }, { jwksCache });
  await verifier.hydrate();
  return (token) => verifier.verify(token);
}

async function jose(jwksUri) {
  const keys = createRemoteJWKSet(new URL(jwksUri));
  await keys.reload();
  const options = { issuer, audience, typ: TYPE, algorithms: ALGORITHMS };
  return async (token) => (await jwtVerify(token, keys, options)).payload;
}
