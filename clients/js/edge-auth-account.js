/**
 * The user's account in a browser, beside the sign-in of `edge-auth.js`: a forgotten password, the mail address, the
 * second factor, and a step-up. A page without them does not load this module.
 *
 * @typedef {import("./edge-auth-account.d.ts").Options} Options
 * @typedef {import("./edge-auth-account.d.ts").Account} Account
 */

import { makeCalls } from "./edge-auth-calls.js";

const RESET = "/auth/password/reset";
const EMAIL = "/auth/email";
const FACTORS = "/auth/factors";
const APP = `${FACTORS}/totp`;

/**
 * Return the account of a page's user.
 *
 * @param {Options} options
 * @param {typeof globalThis.fetch} [send] only for tests
 * @returns {Account}
 */
export function createAccount(options, send = (input, init) => fetch(input, init)) {
  const { open, openWithCookies, call, stepUp } = makeCalls(options, send);

  return {
    askReset: (username) => openWithCookies(RESET, { username, transport: "cookie" }),
    reset: (shown) => open(`${RESET}/confirm`, shown),

    address: () => call("GET", EMAIL),
    changeAddress: (change) => call("POST", EMAIL, change),
    confirmAddress: (shown) => open(`${EMAIL}/confirm`, shown),
    undoAddress: (shown) => open(`${EMAIL}/undo`, shown),

    factors: () => call("GET", FACTORS),
    beginApp: () => call("POST", APP),
    confirmApp: async (shown) => (await call("POST", `${APP}/confirm`, shown)).recovery_codes,
    removeApp: () => call("DELETE", APP),
    newRecoveryCodes: async () => (await call("POST", `${FACTORS}/recovery-codes`)).recovery_codes,
    beginRequiredApp: (enrolment_token) => open(`${FACTORS}/enrolment`, { enrolment_token }),
    confirmRequiredApp: async (shown) => (await open(`${FACTORS}/enrolment`, shown)).recovery_codes,

    stepUp,
  };
}
