/**
 * Passkeys in a browser, beside the sign-in of `edge-auth.js`: sign in with one, step up, and register, list, rename and
 * remove those of the user. A page without passkeys does not load this module.
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
  const { open, call, stepUp } = makeCalls(options, world.fetch);
  const { auth } = options;

  /**
   * Let the user take a passkey, and return what it has signed.
   *
   * @param {any} [asked] what the server asks for, or nothing to ask it first
   * @param {Pick<CredentialRequestOptions, "mediation" | "signal">} [how]
   */
  async function signed(asked, how) {
    const publicKey = world.kind.parseRequestOptionsFromJSON(asked ?? (await open(`${ROUTE}/options`)));
    const credential = /** @type {PublicKeyCredential} */ (await world.credentials.get({ publicKey, ...how }));
    return credential.toJSON();
  }

  return {
    async available() {
      if (!world.kind?.parseRequestOptionsFromJSON) return false; // older than what the other functions need
      return Boolean(await world.kind.isConditionalMediationAvailable?.().catch(() => false));
    },

    async signIn({ conditional = false, signal, asked } = {}) {
      const credential = await signed(asked?.passkey, { mediation: conditional ? "conditional" : undefined, signal });
      const first = asked && { mfa_token: asked.mfa_token };
      await auth.openSession(`${ROUTE}/sign-in`, { credential, ...first, transport: "cookie" });
    },

    async stepUp() {
      await stepUp({ credential: await signed() });
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
