/**
 * Passkeys in a browser, beside the sign-in of `edge-auth.js`: sign in with one, and register, list, rename and remove
 * those of the user. A page without passkeys does not load this module.
 *
 * @typedef {import("./edge-auth-passkeys.d.ts").Options} Options
 * @typedef {import("./edge-auth-passkeys.d.ts").Passkeys} Passkeys
 * @typedef {ReturnType<typeof browser>} World what this module uses of the browser
 */

import { makeCalls } from "./edge-auth-calls.js";

const ROUTE = "/auth/passkeys";

/** Return what this module uses of the browser. Tests give their own. */
function browser() {
  return {
    fetch: /** @type {typeof globalThis.fetch} */ ((input, init) => fetch(input, init)),
    credentials: globalThis.navigator?.credentials,
    kind: globalThis.PublicKeyCredential,
  };
}

/**
 * Return the passkeys of a page.
 *
 * @param {Options} options
 * @param {World} [world] only for tests
 * @returns {Passkeys}
 */
export function createPasskeys(options, world = browser()) {
  const { open, call } = makeCalls(options, world.fetch);

  return {
    async available() {
      return Boolean(await world.kind?.isConditionalMediationAvailable?.().catch(() => false));
    },

    async signIn({ conditional = false, signal } = {}) {
      const publicKey = world.kind.parseRequestOptionsFromJSON(await open(`${ROUTE}/options`));
      const mediation = conditional ? "conditional" : undefined;
      const credential = /** @type {PublicKeyCredential} */ (
        await world.credentials.get({ publicKey, mediation, signal })
      );
      await options.auth.openSession(`${ROUTE}/sign-in`, { credential: credential.toJSON(), transport: "cookie" });
    },

    async register(name = "") {
      const publicKey = world.kind.parseCreationOptionsFromJSON(await call("POST", `${ROUTE}/registration`));
      const credential = /** @type {PublicKeyCredential} */ (await world.credentials.create({ publicKey }));
      return call("POST", ROUTE, { credential: credential.toJSON(), name });
    },

    async list() {
      return (await call("GET", ROUTE)).passkeys;
    },

    async rename(id, name) {
      await call("PATCH", `${ROUTE}/${id}`, { name });
    },

    async remove(id) {
      await call("DELETE", `${ROUTE}/${id}`);
    },
  };
}
