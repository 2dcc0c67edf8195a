/** The account of a browser's user at an edge-auth API. The guide is docs/guides/browsers.md of the repository. */

import type { Auth } from "./edge-auth.js";

export interface Options {
  /** The address of the edge-auth API, as in `createAuth`. */
  url: string | URL;
  /** What `createAuth` has returned. It learns of a step-up here. */
  auth: Auth;
}

/** What came by mail: the proof in the link, or the code with the user name. */
export type Mailed = { proof: string } | { username: string; code: string };

/** A code of the app, or a recovery code in its place. */
export type Code = { otp: string; recovery_code?: never } | { recovery_code: string; otp?: never };

/** An app that the user sets up. Nothing is stored before a code of it has been sent. */
export interface PendingApp {
  readonly secret: string;
  /** The same for a link, `otpauth:`. */
  readonly uri: string;
  /** The same as a picture, an SVG element. */
  readonly qr_svg: string;
  readonly enrolment: string;
  /** Seconds. */
  readonly expires_in: number;
}

/**
 * Each function rejects with `Refused` or `Unavailable` of `edge-auth.js`. `insufficient_user_authentication` asks for a
 * step-up first.
 */
export interface Account {
  /** Ask for a mail with which a forgotten password is set anew. It tells nothing about the user. */
  askReset(username: string): Promise<void>;

  /**
   * Set a new password. All sessions of the user end. `mfa_required`: send `otp` or `recovery_code` too. After
   * `Unavailable`, send the same again.
   */
  reset(shown: Mailed & { new_password: string } & Partial<Code>): Promise<void>;

  /** Return the mail address of the user, and whether it is confirmed. */
  address(): Promise<{ readonly email: string | null; readonly email_verified: boolean }>;

  /** Ask for a mail to a new address. The address changes when its proof comes back. */
  changeAddress(change: { email: string; current_password: string }): Promise<void>;

  /** Confirm an address. */
  confirmAddress(shown: Mailed): Promise<void>;

  /**
   * Take the address before back. The password is taken away, and all sessions of the user end. With the password of the
   * change, an app and passkeys go that are younger than 72 hours at the change.
   */
  undoAddress(shown: Mailed & { password?: string }): Promise<void>;

  /** Return what the user has of a second factor. */
  factors(): Promise<{ readonly totp: boolean; readonly locked: boolean; readonly recovery_codes_left: number }>;

  /** Begin to set up an app. */
  beginApp(): Promise<PendingApp>;

  /** Finish it with a code of the app. Return the recovery codes, which are shown once. The other sessions end. */
  confirmApp(shown: { enrolment: string; otp: string }): Promise<readonly string[]>;

  /** Remove the app and the recovery codes. The other sessions end. */
  removeApp(): Promise<void>;

  /** Return new recovery codes. The old ones end. */
  newRecoveryCodes(): Promise<readonly string[]>;

  /** Begin to set up an app with the token of a login that was answered with `mfa_enrolment_required`. */
  beginRequiredApp(enrolmentToken: string): Promise<PendingApp>;

  /** Finish it. The user logs in with the next code. */
  confirmRequiredApp(shown: { enrolment_token: string; enrolment: string; otp: string }): Promise<readonly string[]>;

  /**
   * Make the login of this session fresh, or stronger: a new session takes its place, and the page learns of it. It
   * refreshes first. `Refused` with `invalid_token`: the user is signed out.
   */
  stepUp(shown: Code | { password: string }): Promise<void>;
}

/** Return the account of this page's user. */
export function createAccount(options: Options): Account;
