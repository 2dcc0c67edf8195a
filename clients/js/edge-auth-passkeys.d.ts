/** Passkeys of a browser at an edge-auth API. The guide is docs/guides/passkeys.md of the repository. */

import type { Answer, Auth } from "./edge-auth.js";

export interface Options {
  /** The address of the edge-auth API, as in `createAuth`. */
  url: string | URL;
  /** What `createAuth` has returned. It learns of a sign-in here. */
  auth: Auth;
}

/** One passkey of the user. Times are seconds since 1970. */
export interface Passkey {
  readonly id: string;
  readonly name: string;
  readonly created_at: number;
  /** 0 before the first use. */
  readonly last_used_at: number;
  /** Whether it may be on other devices of the user, too. */
  readonly synced: boolean;
}

/**
 * Each function rejects with `Refused` or `Unavailable` of `edge-auth.js`, or with the error of the browser:
 * `NotAllowedError` if the user has declined, `InvalidStateError` if the device has a passkey of the user already.
 */
export interface Passkeys {
  /**
   * Return whether this browser offers passkeys where the user name is typed (`conditional`), and has what the other
   * functions need: Chrome or Edge 129, Firefox 119, Safari 18.4, or newer.
   */
  available(): Promise<boolean>;

  /**
   * Sign in with a passkey. With `conditional` the browser offers passkeys in the field with `autocomplete="username
   * webauthn"`, and this promise waits until the user takes one; `signal` ends the wait. `asked` is the `answer` of a
   * login that was `Refused` with `mfa_required` and has `passkey`: then this is its second step.
   */
  signIn(options?: { conditional?: boolean; signal?: AbortSignal; asked?: Answer }): Promise<void>;

  /**
   * Make the login of this session fresh with a passkey: a new session takes its place, and the page learns of it. The
   * deployment has second factors. `Refused` with `invalid_token`: the user is signed out.
   */
  stepUp(): Promise<void>;

  /**
   * Register a passkey. `Refused` with `insufficient_user_authentication`: the user has to sign in again, with a passkey
   * if there is one.
   */
  register(name?: string): Promise<Passkey>;

  /** List the user's passkeys, the oldest first. */
  list(): Promise<readonly Passkey[]>;

  /** Give a passkey another name. `Refused` as above. */
  rename(id: string, name: string): Promise<void>;

  /** Remove a passkey, and end the user's other sessions. `Refused` as above. */
  remove(id: string): Promise<void>;
}

/** Return the passkeys of this page. */
export function createPasskeys(options: Options): Passkeys;
