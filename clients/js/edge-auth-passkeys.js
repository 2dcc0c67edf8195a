/**
 * Passkeys in a browser, beside the sign-in of `edge-auth.js`: sign in with one, and register, list, rename and remove
 * those of the user. A page without passkeys does not load this module.
 *
 * @typedef {import("./edge-auth-passkeys.d.ts").Options} Options
 * @typedef {import("./edge-auth-passkeys.d.ts").Passkeys} Passkeys
 * @typedef {ReturnType<typeof browser>} World what this module uses of the browser
 */

import { Refused, Unavailable } from "./edge-auth.js";

const ROUTE = "/auth/passkeys";
/** The pause after a failure that names none. */
const RETRY_SECONDS = 1;

// Their types have no constructor, because apps only receive them.
const refused = (/** @type {number} */ status, /** @type {string} */ code) =>
  new (/** @type {any} */ (Refused))(status, code);
const unavailable = (/** @type {number} */ seconds) => new (/** @type {any} */ (Unavailable))(seconds);

/** Return what this module uses of the browser. Tests give their own. */
function browser() {
  return {
    fetch: /** @type {typeof globalThis.fetch} */ ((input, init) => fetch(input, init)),
    credentials: globalThis.navigator?.credentials,
    kind: globalThis.PublicKeyCredential,
  };
}

/**
 * Return the body of an answer of edge-auth.
 *
 * @param {() => Promise<Response>} send
 * @returns {Promise<any>}
 * @throws {Refused} the server refuses the request
 * @throws {Unavailable} there is no answer, or one of another machine
 */
async function answered(send) {
  let response, body;
  try {
    response = await send();
    const text = await response.text();
    body = text ? JSON.parse(text) : null;
  } catch (error) {
    if (error instanceof Refused || error instanceof Unavailable) throw error;
    throw unavailable(RETRY_SECONDS); // offline, not readable for this page, or no JSON
  }
  if (response.ok) return body;
  const { status } = response;
  if (status < 500 && status !== 429 && typeof body?.error === "string") throw refused(status, body.error);
  throw unavailable(Number(response.headers.get("Retry-After")) || RETRY_SECONDS); // it may be a date
}

/**
 * Return the passkeys of a page.
 *
 * @param {Options} options
 * @param {World} [world] only for tests
 * @returns {Passkeys}
 */
export function createPasskeys({ url, auth }, world = browser()) {
  const route = `${new URL(url, globalThis.location?.href).href.replace(/\/+$/, "")}${ROUTE}`;

  /** Send a request without an access token. The answer to a sign-in sets the cookie of the session.
   * @param {string} path
   * @param {object} [body] */
  const open = (path, body) =>
    answered(() =>
      world.fetch(route + path, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Edge-Auth": "1" },
        body: body && JSON.stringify(body),
        credentials: body ? "include" : "omit", // only the sign-in has cookies
        cache: "no-store",
        redirect: "error",
      }),
    );

  /** Send a request with the access token.
   * @param {string} method
   * @param {string} path
   * @param {object} [body] */
  const call = (method, path, body) =>
    answered(() =>
      auth.fetch(route + path, {
        method,
        headers: body && { "Content-Type": "application/json" },
        body: body && JSON.stringify(body),
        cache: "no-store",
      }),
    );

  return {
    async available() {
      return Boolean(await world.kind?.isConditionalMediationAvailable?.().catch(() => false));
    },

    async signIn({ conditional = false, signal } = {}) {
      const publicKey = world.kind.parseRequestOptionsFromJSON(await open("/options"));
      const mediation = conditional ? "conditional" : undefined;
      const credential = /** @type {PublicKeyCredential} */ (
        await world.credentials.get({ publicKey, mediation, signal })
      );
      // First what is known of an earlier session: a logout that is not finished would end the new one.
      await auth.restore();
      await open("/sign-in", { credential: credential.toJSON(), transport: "cookie" });
      if (auth.session) await auth.token({ fresh: true });
      else await auth.restore();
    },

    async register(name = "") {
      const publicKey = world.kind.parseCreationOptionsFromJSON(await call("POST", "/registration"));
      const credential = /** @type {PublicKeyCredential} */ (await world.credentials.create({ publicKey }));
      return call("POST", "", { credential: credential.toJSON(), name });
    },

    async list() {
      return (await call("GET", "")).passkeys;
    },

    async rename(id, name) {
      await call("PATCH", `/${id}`, { name });
    },

    async remove(id) {
      await call("DELETE", `/${id}`);
    },
  };
}
