/**
 * Requests of the modules beside `edge-auth.js`: to the routes of edge-auth whose answers open no session, and the step-up.
 * An app needs no function of this module.
 *
 * @typedef {import("./edge-auth.d.ts").Auth} Auth
 */

import { Refused, Unavailable } from "./edge-auth.js";

/** The pause after a failure that names none. */
const RETRY_SECONDS = 1;

// Their types have no constructor, because apps only receive them.
const refused = (/** @type {number} */ status, /** @type {any} */ answer) =>
  new (/** @type {any} */ (Refused))(status, answer);
const unavailable = (/** @type {number} */ seconds) => new (/** @type {any} */ (Unavailable))(seconds);

/**
 * Return the body of an answer of edge-auth.
 *
 * @param {() => Promise<Response>} send
 * @returns {Promise<any>} null if the answer has no body
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
  if (status < 500 && status !== 429 && typeof body?.error === "string") throw refused(status, body);
  throw unavailable(Number(response.headers.get("Retry-After")) || RETRY_SECONDS); // it may be a date
}

/**
 * Return the functions that send requests.
 *
 * @param {{url: string | URL, auth: Auth}} options
 * @param {typeof globalThis.fetch} send
 */
export function makeCalls({ url, auth }, send) {
  const address = new URL(url, globalThis.location?.href).href.replace(/\/+$/, "");

  /**
   * @param {typeof globalThis.fetch} fetch
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @param {RequestInit} [more]
   */
  const request = (fetch, method, path, body, more) =>
    answered(() =>
      fetch(address + path, {
        method,
        headers: body && { "Content-Type": "application/json" },
        body: body && JSON.stringify(body),
        cache: "no-store",
        ...more,
      }),
    );

  return {
    /** Send a request with neither access token nor cookie.
     * @param {string} path
     * @param {object} [body] */
    open: (path, body) => request(send, "POST", path, body, { credentials: "omit", redirect: "error" }),

    /** Send a request with cookies: the one of the device shows that its user has logged in on it before.
     * @param {string} path
     * @param {object} body */
    openWithCookies: (path, body) =>
      request(send, "POST", path, body, {
        headers: { "Content-Type": "application/json", "X-Edge-Auth": "1" },
        credentials: "include",
        redirect: "error",
      }),

    /** Step up. A page cannot read the 401 of API Gateway's own on this route, because it has cookies too. So the access
     * token is a fresh one, and what the server says of a dead session is the answer to the refresh.
     * @param {object} shown
     * @throws {Refused} also if the user is signed out */
    stepUp: async (shown) => {
      const token = await auth.token({ fresh: true });
      if (!token) throw refused(0, { error: "invalid_token" });
      return auth.openSession("/auth/step-up", shown, token);
    },

    /** Send a request with the access token.
     * @param {string} method
     * @param {string} path
     * @param {object} [body] */
    call: (method, path, body) => request(auth.fetch, method, path, body),
  };
}
