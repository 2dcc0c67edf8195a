// Notes with Express: `ISSUER=… AUDIENCE=… PORT=8080 node app.mjs`. It needs express and jose.

import express from "express";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

const { ISSUER: issuer, AUDIENCE: audience, PORT } = process.env;
const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
const noKeys = [errors.JWKSTimeout, errors.JWKSInvalid, TypeError]; // as jose and fetch say it
const options = {
  issuer,
  audience,
  typ: "at+jwt",
  algorithms: ["ES256"],
  requiredClaims: ["exp", "sub", "sid"],
  clockTolerance: 5,
};
const app = express();

// The code is that of jose's base class: the issuer answered with another status than 200, or not in JSON.
const isUnknown = (error) => error.code === "ERR_JOSE_GENERIC" || noKeys.some((type) => error instanceof type);

async function caller(request, response, next) {
  const [scheme, token] = (request.get("Authorization") ?? "").split(" ", 2);
  if (scheme.toLowerCase() !== "bearer" || !token) return refuse(response, 401, "Bearer");
  try {
    request.claims = (await jwtVerify(token, keys, options)).payload;
  } catch (error) {
    if (isUnknown(error)) return response.status(503).set("Retry-After", "1").end();
    return refuse(response, 401, 'Bearer error="invalid_token"');
  }
  next();
}

function refuse(response, status, challenge) {
  response.status(status).set("WWW-Authenticate", challenge).end();
}

app.get("/notes", caller, (request, response) => {
  const { scope = "", sub } = request.claims;
  if (!scope.split(" ").includes("notes:read")) {
    return refuse(response, 403, 'Bearer error="insufficient_scope", scope="notes:read"');
  }
  response.json({ owner: sub, notes: ["a note of the caller's"] });
});

app.listen(Number(PORT), "127.0.0.1");
