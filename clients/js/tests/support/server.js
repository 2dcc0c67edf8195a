// The server as the client sees it: cookies, the rotation rule, a login, a logout, and an API that takes access tokens.

export const AUTH = "https://auth.example.com";
export const API = "https://api.example.com";
export const ACCESS_SECONDS = 900;

const GRACE_MS = 30_000;
const LATE_RETRY_MS = 14 * 24 * 3_600_000;

const INVALID_GRANT = { status: 400, body: { error: "invalid_grant", error_description: "The session is over." } };

/** edge-auth with sessions in memory. `calls` has each request that arrived, with what it led to. */
export class Server {
  sessions = new Map();
  challengeName = "WWW-Authenticate";
  challenge = 'Bearer error="invalid_token"';
  calls = [];

  constructor(time) {
    this.time = time;
  }

  /** Return the answer to a request: `status`, `body`, and `cookie` if the answer sets or clears it. */
  handle({ url, method, headers, body, cookie }) {
    const { origin, pathname } = new URL(url);
    if (origin === API) return this.#api(pathname, method, headers, body);
    if (headers.get("X-Edge-Auth") === null) return { status: 403, body: { error: "csrf_failed" } };
    const asked = JSON.parse(body);
    const answer = this.#routes[pathname](asked, cookie);
    this.calls.push({ path: pathname, atMs: this.time.nowMs, asked, ...answer });
    return answer;
  }

  /** Return how many requests for a route have arrived. */
  count(path) {
    return this.calls.filter((call) => call.path === path).length;
  }

  /** Return the sessions that live. */
  get living() {
    return [...this.sessions.values()].filter((session) => !session.ended);
  }

  #routes = {
    "/auth/login": ({ username, password, transport }, cookie) => {
      if (transport !== "cookie") return { status: 400, body: { error: "invalid_request" } };
      if (password !== "right") return { status: 401, body: { error: "invalid_credentials" } };
      this.#end(cookie);
      const id = `s${this.sessions.size + 1}`;
      const session = { id, username, generation: 0, base: -1, rotatedAtMs: this.time.nowMs - GRACE_MS, ended: false };
      this.sessions.set(id, session);
      return this.#grant(session, "opened");
    },

    "/auth/step-up": (_, cookie) => {
      const [{ username }] = this.#read(cookie);
      return this.#routes["/auth/login"]({ username, password: "right", transport: "cookie" }, cookie);
    },

    // The redeemable tokens are the newest, and the one it was issued for.
    "/auth/refresh": (_, cookie) => {
      const [session, generation] = this.#read(cookie);
      if (!session || session.ended) return { ...INVALID_GRANT, outcome: cookie ? "dead" : "no cookie" };
      const ageMs = this.time.nowMs - session.rotatedAtMs;
      if (generation === session.generation) {
        if (ageMs < GRACE_MS) return this.#grant(session, "coalesced");
        session.base = session.generation;
        return this.#rotated(session, "rotated");
      }
      if (ageMs <= GRACE_MS && generation >= session.base) return this.#grant(session, "converged");
      if (generation === session.base && ageMs <= LATE_RETRY_MS) return this.#rotated(session, "retried late");
      session.ended = true;
      return { ...INVALID_GRANT, outcome: "reuse" };
    },

    "/auth/logout": ({ all }, cookie) => {
      const [session] = this.#read(cookie);
      for (const other of this.sessions.values()) if (all && other.username === session?.username) other.ended = true;
      this.#end(cookie);
      return { status: 204, body: undefined, cookie: null };
    },
  };

  #rotated(session, outcome) {
    session.generation += 1;
    session.rotatedAtMs = this.time.nowMs;
    return this.#grant(session, outcome);
  }

  #grant(session, outcome) {
    const token = `access.${session.id}.${this.time.nowMs}`;
    const body = {
      access_token: token,
      token_type: "Bearer",
      expires_in: ACCESS_SECONDS,
      session_id: session.id,
      device_token: "edgeauth_dt_ignored",
    };
    return { status: 200, body, cookie: `${session.id}.${session.generation}`, outcome };
  }

  #read(cookie) {
    const [id, generation] = (cookie ?? "").split(".");
    return [this.sessions.get(id), Number(generation)];
  }

  #end(cookie) {
    const [session] = this.#read(cookie);
    if (session) session.ended = true;
  }

  /** The API answers with the user of the access token, or 401. */
  #api(path, method, headers, body) {
    const [, id, issuedMs] = (headers.get("Authorization") ?? "").split(".");
    const good = id && this.time.nowMs < Number(issuedMs) + ACCESS_SECONDS * 1000 && !this.refusesAll;
    const refusal = { status: 401, body: { error: "invalid_token" }, headers: { [this.challengeName]: this.challenge } };
    const answer = good ? { status: 200, body: { session: id, body } } : refusal;
    this.calls.push({ path, method, atMs: this.time.nowMs, ...answer });
    return answer;
  }
}
