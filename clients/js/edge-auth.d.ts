/** The sign-in of a browser at an edge-auth API. The guide is docs/guides/browsers.md of the repository. */

export interface Options {
  /** The address of the edge-auth API, with its stage if it has one: `https://auth.example.com`. */
  url: string | URL;
  /** The addresses of other APIs that take the access token. Only their origins count. */
  apis?: readonly (string | URL)[];
  /** A name for each edge-auth API that pages of one origin use. The default is `edge-auth`. */
  name?: string;
}

/** `undefined`: not known yet. `null`: signed out. Otherwise the session, the same object as long as it is the same. */
export type Session = undefined | null | { readonly id: string };

/** The user name, the password or what stands in its place, and a code of the app or a recovery code. */
export type Credentials = { username: string; otp?: string; recovery_code?: string } & (
  | { password: string; mfa_token?: never }
  | { mfa_token: string; password?: never }
);

export interface Auth {
  /** What is known now. It never asks the server. */
  readonly session: Session;

  /**
   * Call a function now, and whenever the user is signed in or out, or another session begins.
   *
   * @returns a function that ends the subscription
   */
  subscribe(subscriber: (session: Session) => void): () => void;

  /**
   * Log in. It rejects with {@link Refused} (`invalid_credentials` and others) or {@link Unavailable}. `mfa_required`
   * asks for the second step: log in again with `mfa_token` of its `answer` in the place of the password.
   */
  login(credentials: Credentials): Promise<void>;

  /**
   * Open a session at another route whose answer is that of a login. The modules beside this one use it. `token` is an
   * access token, if the route needs one. It rejects as `login` does.
   */
  openSession(path: string, body: object, token?: string): Promise<void>;

  /**
   * Log out; with `all`, end all sessions of the user. This page and the other tabs are signed out at once. It rejects
   * with {@link Unavailable} or {@link Refused} if the server has not confirmed it: the next `restore()` or `login()`
   * of a page of this origin then tries again.
   */
  logout(options?: { all?: boolean }): Promise<void>;

  /**
   * Find out whether the user is signed in, at the start of a page. It rejects with {@link Unavailable} if the server
   * cannot be asked; the user may still be signed in.
   */
  restore(): Promise<boolean>;

  /**
   * Return an access token that is good for some seconds, or null if the user is signed out. It may refresh; with
   * `fresh` it does, for example after the rights of the user have changed.
   */
  token(options?: { fresh?: boolean }): Promise<string | null>;

  /**
   * Call an API as `fetch` does. Requests to `url` and `apis` carry the access token and no cookie. Requests to other
   * origins pass unchanged.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
}

/** Return the sign-in of this page. Make one for each page. */
export function createAuth(options: Options): Auth;

/** The server cannot be asked now: offline, a time-out, 429, 5xx. Nothing has changed: the user is still signed in. */
export class Unavailable extends Error {
  readonly name: "Unavailable";
  /** Seconds to wait before the next try. */
  readonly retryAfter: number;
}

/** What the server says of a refusal. */
export interface Answer {
  readonly error: string;
  /** With `mfa_required` of a login: it takes the place of the password. */
  readonly mfa_token?: string;
  /** With `mfa_required` of a login: what the user may show, `otp` or `passkey`. A recovery code takes the place of `otp`. */
  readonly methods?: readonly string[];
  /** With `mfa_required` of a login: how the browser asks for the passkey. `edge-auth-passkeys.js` does it. */
  readonly passkey?: object;
  /** With `mfa_enrolment_required`. */
  readonly enrolment_token?: string;
}

/** The server refuses the request, and will refuse it again. */
export class Refused extends Error {
  readonly name: "Refused";
  /** The HTTP status. It is 0 if the client itself refused: `session_changed`, or `invalid_token` of a step-up. */
  readonly status: number;
  /** The `error` of the answer, such as `invalid_credentials`. */
  readonly code: string;
  /** The answer. A login may have a token in it, for `mfa_required` or `mfa_enrolment_required`. */
  readonly answer: Answer;
}
