// A viewer request of CloudFront (Lambda@Edge): passes on what has a valid access token, and answers the rest itself.
//
// The rules are those of edge-auth's authorizer. `issuer.json` beside this file has the issuer, the audience and the
// public keys; `./edge-auth keys edge --out` writes it. docs/guides/edge.md explains both, and the limits.

import { constants, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const MAX_TOKEN_CHARACTERS = 2048;
const MAX_LIFETIME_SECONDS = 3600;
const EXPIRY_LEEWAY_SECONDS = 5; // clocks differ: RFC 7519 §4.1.4
const ISSUED_AT_LEEWAY_SECONDS = 30; // for a token whose issuer's clock is ahead
const RETRY_SECONDS = 60;

const BEARER = /^bearer +([^ ]+)$/i; // RFC 9110 §11.1, RFC 6750 §2.1
// The protected header that a token of this issuer has under any key. `kid`: RFC 7638 §3.1, SHA-256.
const OUR_HEADER = /^\{"alg":"(?:ES256|RS256|EdDSA)","kid":"[A-Za-z0-9_-]{43}","typ":"at\+jwt"\}$/;
const IDENTIFIER = /^[A-Za-z0-9_-]{1,64}$/;
const CLIENT_ID = /^[A-Za-z0-9._~-]{1,128}$/;
const SCOPE = /^[\x21\x23-\x5B\x5D-\x7E]+(?: [\x21\x23-\x5B\x5D-\x7E]+)*$/; // RFC 6749 §3.3
const ROLE = /^[A-Za-z0-9_.:-]{1,64}$/;
const LEVEL = /^(1fa|2fa|phr)$/;
const AUTHENTICATION_METHOD = /^[a-z0-9_]{1,16}$/; // RFC 8176 §2

// CloudFront refuses headers that begin with X-Edge- (AWS: "Restrictions on all edge functions").
const CALLER = "x-auth-";

// RFC 7518 §3.3 and §3.4, RFC 8037 §3.1. A key is of one algorithm only (RFC 8725 §3.1).
const CHECKS = {
  ES256: (key, signed, signature) => verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, signature),
  RS256: (key, signed, signature) => verify("sha256", signed, { key, padding: constants.RSA_PKCS1_PADDING }, signature),
  EdDSA: (key, signed, signature) => verify(null, signed, key, signature),
};

const INVALID_TOKEN = { error: "invalid_token", error_description: "The access token is missing or not valid." };
const UNAVAILABLE = {
  error: "temporarily_unavailable",
  error_description: "The service is temporarily unavailable. Try again later.",
};

class InvalidToken extends Error {
  answer() {
    return refusal("401", "Unauthorized", ["WWW-Authenticate", 'Bearer error="invalid_token"'], INVALID_TOKEN);
  }
}
class NoToken extends Error {
  answer() {
    return refusal("401", "Unauthorized", ["WWW-Authenticate", "Bearer"], INVALID_TOKEN); // RFC 6750 §3.1
  }
}
class CannotDecide extends Error {
  answer() {
    return refusal("503", "Service Unavailable", ["Retry-After", String(RETRY_SECONDS)], UNAVAILABLE);
  }
}

const settings = JSON.parse(readFileSync(new URL("issuer.json", import.meta.url), "utf8"));
const keys = new Map(settings.keys.map(verificationKey));

export async function handler(event) {
  const { config, request } = event.Records[0].cf;
  for (const name of Object.keys(request.headers)) {
    // A server behind may take x_auth_sub for x-auth-sub.
    if (name.toLowerCase().replace(/[^a-z0-9]/g, "-").startsWith(CALLER)) delete request.headers[name];
  }
  try {
    const claims = verified(bearerToken(request.headers), Math.floor(Date.now() / 1000));
    for (const [name, value] of passedOn(claims)) request.headers[name] = [{ key: name, value }];
    return request;
  } catch (error) {
    if (!error.answer) throw error;
    console.log(JSON.stringify({ message: "access denied", check: error.message, request_id: config.requestId }));
    return error.answer();
  }
}

// The key by the only protected header that its tokens may have.
function verificationKey({ exp, ...jwk }) {
  if (!Object.hasOwn(CHECKS, jwk.alg) || !Number.isSafeInteger(exp)) throw new Error("not a key of `keys edge`");
  const header = JSON.stringify({ alg: jwk.alg, kid: jwk.kid, typ: "at+jwt" });
  const key = createPublicKey({ key: jwk, format: "jwk" });
  return [Buffer.from(header).toString("base64url"), { key, check: CHECKS[jwk.alg], endsAt: exp }];
}

function bearerToken({ authorization = [] }) {
  if (authorization.length === 0) throw new NoToken("no Authorization header");
  const credentials = authorization.length === 1 && BEARER.exec(authorization[0].value);
  if (!credentials) throw new InvalidToken("scheme"); // RFC 6750 §2: not more than one token
  return credentials[1];
}

function verified(token, now) {
  if (token.length > MAX_TOKEN_CHARACTERS) throw new InvalidToken("size");
  const segments = token.split(".");
  if (segments.length !== 3) throw new InvalidToken("shape"); // RFC 7515 §7.1
  const [header, payload, signature] = segments;
  const key = keys.get(header);
  if (!key && !OUR_HEADER.test(base64url(header).toString("latin1"))) throw new InvalidToken("header");
  if (!key || now >= key.endsAt) throw withUnknownKey(payload);
  const signed = Buffer.from(`${header}.${payload}`);
  if (!key.check(key.key, signed, base64url(signature))) throw new InvalidToken("signature");
  return accepted(strictJson(base64url(payload)), now);
}

// Every key that was good when the file was made is in it. A key that is newer may have signed a later token. The claim
// is not authentic, but it only chooses between two refusals.
function withUnknownKey(payload) {
  const issuedBefore = seconds(strictJson(base64url(payload)), "iat") < settings.made_at;
  return issuedBefore ? new InvalidToken("unknown key") : new CannotDecide("unknown key");
}

function accepted(claims, now) {
  if (claim(claims, "iss") !== settings.issuer) throw new InvalidToken("iss");
  if (claim(claims, "aud") !== settings.audience) throw new InvalidToken("aud");
  const [iat, exp] = [seconds(claims, "iat"), seconds(claims, "exp")];
  const authTime = seconds(claims, "auth_time");
  if (now >= exp + EXPIRY_LEEWAY_SECONDS) throw new InvalidToken("exp");
  if (exp <= iat || exp - iat > MAX_LIFETIME_SECONDS) throw new InvalidToken("lifetime");
  if (iat > now + ISSUED_AT_LEEWAY_SECONDS) throw new InvalidToken("iat");
  if (Object.hasOwn(claims, "nbf") && seconds(claims, "nbf") > now + ISSUED_AT_LEEWAY_SECONDS) {
    throw new InvalidToken("nbf");
  }
  return {
    sub: text(claims, "sub", IDENTIFIER),
    sid: text(claims, "sid", IDENTIFIER),
    scope: Object.hasOwn(claims, "scope") ? text(claims, "scope", SCOPE) : "",
    roles: Object.hasOwn(claims, "roles") ? texts(claims, "roles", ROLE).join(" ") : "",
    client_id: text(claims, "client_id", CLIENT_ID),
    jti: text(claims, "jti", IDENTIFIER),
    exp: String(exp),
    acr: Object.hasOwn(claims, "acr") ? text(claims, "acr", LEVEL) : "",
    amr: Object.hasOwn(claims, "amr") ? texts(claims, "amr", AUTHENTICATION_METHOD).join(" ") : "",
    auth_time: String(authTime),
  };
}

// Headers for the origin. One without a value is left out.
function passedOn(claims) {
  return Object.entries(claims)
    .filter(([, value]) => value)
    .map(([name, value]) => [CALLER + name.replace("_", "-"), value]);
}

// Base64url without padding (RFC 7515 §2), in the one spelling that an encoder makes.
function base64url(segment) {
  const bytes = Buffer.from(segment, "base64url");
  if (bytes.toString("base64url") !== segment) throw new InvalidToken("encoding");
  return bytes;
}

// One JSON object in UTF-8, without duplicate members (RFC 7519 §4) and with whole numbers only.
function strictJson(bytes) {
  let json, value;
  try {
    json = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(json);
  } catch {
    throw new InvalidToken("encoding");
  }
  if (!json.startsWith("{") || !json.endsWith("}")) throw new InvalidToken("claims");
  // The text is JSON by now, so a string before a colon is the name of a member of the innermost open object.
  const open = [];
  for (const [part] of json.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}]|-?\d[\d.eE+-]*/g)) {
    if (part === "{") open.push(new Set());
    else if (part === "}") open.pop();
    else if (part.startsWith('"') && part.endsWith(":")) {
      const name = JSON.parse(part.slice(0, -1));
      if (open.at(-1).has(name)) throw new InvalidToken("duplicate member");
      open.at(-1).add(name);
    } else if (!part.startsWith('"') && /[.eE]/.test(part)) throw new InvalidToken("number");
  }
  return value;
}

function claim(claims, name) {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

function seconds(claims, name) {
  const value = claim(claims, name);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidToken(name);
  return value;
}

function text(claims, name, shape) {
  const value = claim(claims, name);
  if (typeof value !== "string" || !shape.test(value)) throw new InvalidToken(name);
  return value;
}

function texts(claims, name, shape) {
  const values = claim(claims, name);
  if (!Array.isArray(values) || values.length === 0) throw new InvalidToken(name);
  for (const value of values) if (typeof value !== "string" || !shape.test(value)) throw new InvalidToken(name);
  return values;
}

function refusal(status, statusDescription, [key, value], body) {
  const headers = [
    ["Cache-Control", "no-store"],
    ["Content-Type", "application/json"],
    ["X-Content-Type-Options", "nosniff"],
    [key, value],
  ];
  return {
    status,
    statusDescription,
    headers: Object.fromEntries(headers.map(([key, value]) => [key.toLowerCase(), [{ key, value }]])),
    body: JSON.stringify(body),
  };
}
