/**
 * edge-auth in a browser: log in, stay signed in over reloads and in many tabs, call APIs, log out.
 *
 * The refresh token is in a cookie that no script can read. The access token is in a variable of this module. Nothing
 * else is kept, except the note that a logout is not finished yet. The server tolerates parallel refreshes, so the lock
 * between tabs only saves requests: without it everything works. There is no timer that refreshes: a refresh happens
 * only if a call needs it.
 *
 * @typedef {import("./edge-auth.d.ts").Options} Options
 * @typedef {import("./edge-auth.d.ts").Auth} Auth
 * @typedef {import("./edge-auth.d.ts").Session} Session
 *
 * @typedef {{access_token: string, expires_in: number, session_id: string}} Grant the members of an answer with tokens
 *   that this module reads
 * @typedef {{status: number, body: any, sentMs: number}} Answer an answer of edge-auth itself; `sentMs` is the wall
 *   time of its request
 * @typedef {{token: string, id: string, lifeMs: number, wallMs: number, monotonicMs: number}} Held the access token,
 *   its session, how long it lives, and the wall and monotonic times from which that counts
 * @typedef {{in: string, expires_in: number, session_id: string, sentMs: number, fromLogin: boolean}} Told an access
 *   token that a tab tells the others
 * @typedef {{out: true} | Told} Message what a tab tells the others: the user is signed out, or an access token
 * @typedef {ReturnType<typeof browser>} World what this module uses of the browser
 */

/** A tab waits this long for the lock, then goes on without it. */
const LOCK_WAIT_MS = 5_000;
/** A refresh or a logout is sent at these times, until one answer is definitive. */
const SEND_OFFSETS_MS = [0, 3_000, 7_000];
/** A request is aborted after this time: a cookie that arrived later could replace a newer one. */
const SEND_LIMIT_MS = 9_000;
/** The pause after a failure that names none. */
const RETRY_SECONDS = 1;
/** A refresh does not wait longer than this for its next request: it fails, and the caller learns how long to wait. */
const LONGEST_WAIT_MS = 4_000;
/** An access token with less time than this, and less than this part of its life, is renewed while it is used. */
const EARLY_MS = 60_000;
const EARLY_PART = 0.2;
/** An access token with less time than this is not used any more. */
const LATE_MS = 5_000;
/** A younger access token is not renewed because of a 401: the API refuses it for another reason. */
const YOUNG_MS = 30_000;

const LOGIN = "/auth/login";
const REFRESH = "/auth/refresh";
const LOGOUT = "/auth/logout";

/** API Gateway renames the challenge of a function behind a REST API. */
const CHALLENGES = ["WWW-Authenticate", "x-amzn-Remapped-WWW-Authenticate"];

/** The signal of what nothing aborts. */
const NEVER = new AbortController().signal;

/** The server cannot be asked now: offline, a time-out, 429, 5xx, or an answer of another machine. Nothing changed. */
export class Unavailable extends Error {
  /** @param {number} retryAfter seconds to wait before the next try */
  constructor(retryAfter) {
    super("edge-auth is not available now");
    this.name = "Unavailable";
    this.retryAfter = retryAfter;
  }
}

/** The server refuses the request, and will refuse it again. */
export class Refused extends Error {
  #answer; // private, because it may have a token, and whoever prints an error prints what is not

  /**
   * @param {number} status the HTTP status; 0 if this module itself refuses
   * @param {any} answer the body of the answer, whose `error` is the code
   */
  constructor(status, answer) {
    const code = answer?.error;
    super(`edge-auth refuses: ${code}`);
    this.name = "Refused";
    this.status = status;
    this.code = code;
    this.#answer = answer;
  }

  get answer() {
    return this.#answer;
  }
}

/**
 * Return the channel between tabs, or undefined if the browser has none, or refuses it because the user blocks the data
 * of sites.
 *
 * @param {string} name
 */
function openChannel(name) {
  try {
    return new BroadcastChannel(name);
  } catch {
    return undefined;
  }
}

/**
 * Return what this module uses of the browser. Tests give their own.
 *
 * @param {string} name the name of the channel between tabs
 */
function browser(name) {
  return {
    base: globalThis.location?.href,
    fetch: /** @type {typeof globalThis.fetch} */ ((input, init) => fetch(input, init)),
    wallMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    sleep: (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    locks: /** @type {LockManager | undefined} */ (globalThis.navigator?.locks),
    channel: openChannel(name),
    storage: () => localStorage, // a function, because a browser that blocks storage throws here
    report: (/** @type {unknown} */ error) => reportError(error),
    onReturn: (/** @type {() => void} */ act) =>
      globalThis.addEventListener?.("pageshow", (event) => event.persisted && act()),
  };
}

/** Ignore a failure that the next call will meet again. */
function ignore() {}

/**
 * Return whether an answer is edge-auth's own and definitive. Other answers may come from a proxy or a captive portal.
 *
 * @param {string} path
 * @param {number} status
 * @param {any} body
 */
function isDefinitive(path, status, body) {
  if (status === 204) return path === LOGOUT;
  if (status === 200) {
    const { access_token, session_id, expires_in } = body ?? {};
    return typeof access_token === "string" && typeof session_id === "string" && expires_in > 0;
  }
  return status >= 400 && status < 500 && status !== 429 && typeof body?.error === "string";
}

/**
 * Return the value of a JSON text, or null if the text is not JSON.
 *
 * @param {string} text
 */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Return a promise that is fulfilled when another one is rejected, and that stays pending otherwise.
 *
 * @param {Promise<unknown>} promise
 * @returns {Promise<void>}
 */
function failureOf(promise) {
  return new Promise((resolve) => promise.catch(() => resolve()));
}

/**
 * Wait for the lock of all tabs, for a limited time. This never fails: without the lock, the work begins as well.
 *
 * @param {string} name
 * @param {World} world
 * @returns {Promise<() => void>} a function that releases the lock
 */
function acquire(name, world) {
  return new Promise((begin) => {
    const waiting = new AbortController();
    const goOn = () => {
      waiting.abort();
      begin(ignore);
    };
    // A lock that is granted after all is given back at once.
    const granted = () => waiting.signal.aborted || new Promise((release) => begin(() => release(true)));
    if (!world.locks) return goOn();
    world.sleep(LOCK_WAIT_MS).then(goOn);
    world.locks.request(name, { signal: waiting.signal }, granted).catch(goOn);
  });
}

/**
 * Return the functions that send requests to the server.
 *
 * @param {string} url the address of the API, without a slash at its end
 * @param {World} world
 */
function makeServer(url, world) {
  /** For each route: the monotonic time before which nothing is sent there.
   * @type {Record<string, number>} */
  const notBeforeMs = {};

  /** @param {string} path */
  const waitMs = (path) => (notBeforeMs[path] ?? 0) - world.monotonicMs();

  /** Return how long a caller waits before the next try, or 0.
   * @param {string} path */
  const waitSeconds = (path) => Math.max(0, Math.ceil(waitMs(path) / 1000));

  /** Send nothing to a route for some time.
   * @param {string} path
   * @param {number} [seconds] */
  function pause(path, seconds = RETRY_SECONDS) {
    notBeforeMs[path] = Math.max(notBeforeMs[path] ?? 0, world.monotonicMs() + seconds * 1000);
  }

  /**
   * Send a request once, and return a definitive answer. Anything else raises Unavailable.
   *
   * @param {string} path
   * @param {object} body
   * @param {AbortSignal} signal aborts the request
   * @param {string} [token] an access token, if the route needs one
   * @returns {Promise<Answer>}
   */
  async function once(path, body, signal, token) {
    const limit = new AbortController();
    world.sleep(SEND_LIMIT_MS).then(() => limit.abort());
    const sentMs = world.wallMs();
    let retryAfter = 0;
    try {
      const response = await world.fetch(url + path, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          "X-Edge-Auth": "1",
          ...(token && { Authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(body),
        credentials: "include",
        cache: "no-store",
        redirect: "error",
        // Not `keepalive`: a browser would then take the cookie of a request that was aborted long ago.
        signal: AbortSignal.any([signal, limit.signal]),
      });
      const { status } = response;
      const answer = { status, body: parsed(await response.text()), sentMs };
      if (isDefinitive(path, status, answer.body)) return answer;
      retryAfter = Number(response.headers.get("Retry-After")) || 0; // it may be a date
    } catch {
      // Offline, aborted, or not readable for this page.
    }
    if (!signal.aborted) pause(path, Math.max(retryAfter, RETRY_SECONDS));
    throw new Unavailable(waitSeconds(path));
  }

  /**
   * Send a request up to three times, and return the first definitive answer. It stops the other requests.
   *
   * @param {string} path
   * @param {object} body
   * @param {AbortSignal} signal aborts all
   * @returns {Promise<Answer>}
   */
  async function repeatedly(path, body, signal) {
    const answered = new AbortController();
    const stop = AbortSignal.any([signal, answered.signal]);

    /** @param {number} offset
     * @param {Promise<unknown>} previous */
    async function send(offset, previous) {
      if (offset) await Promise.race([world.sleep(offset), failureOf(previous)]);
      while (waitMs(path) > 0 && waitMs(path) <= LONGEST_WAIT_MS && !stop.aborted) await world.sleep(waitMs(path));
      if (waitMs(path) > 0 || stop.aborted) throw new Unavailable(waitSeconds(path));
      return once(path, body, stop);
    }

    /** @type {Promise<unknown>} */
    let previous = Promise.resolve();
    const sends = SEND_OFFSETS_MS.map((offset) => {
      const sending = send(offset, previous);
      previous = sending;
      return sending;
    });
    try {
      return await Promise.any(sends);
    } catch {
      throw new Unavailable(waitSeconds(path));
    } finally {
      answered.abort();
    }
  }

  return { once, repeatedly, pause };
}

/**
 * Return the age of an access token. The larger of two clocks counts: the wall clock may be set back, and the monotonic
 * clock stops in sleep.
 *
 * @param {Held} token
 * @param {World} world
 */
function ageMs(token, world) {
  return Math.max(world.wallMs() - token.wallMs, world.monotonicMs() - token.monotonicMs);
}

/**
 * Return how long an access token still lives.
 *
 * @param {Held | null} token
 * @param {World} world
 */
function leftMs(token, world) {
  return token ? token.lifeMs - ageMs(token, world) : 0;
}

/**
 * Return a request with an access token, if there is one, and without cookies.
 *
 * @param {Request} request
 * @param {Held | null} token
 */
function authorized(request, token) {
  const headers = new Headers(request.headers);
  if (token) headers.set("Authorization", `Bearer ${token.token}`);
  return new Request(request, { headers, credentials: "omit" });
}

/**
 * Whether the API wants a stronger or a fresher login, which no refresh gives (RFC 9470 §3).
 *
 * @param {Response} response
 */
function demandsLogin({ headers }) {
  return CHALLENGES.some((name) => headers.get(name)?.includes('error="insufficient_user_authentication"'));
}

/**
 * Whether a 401 of edge-auth's own is about what the user has shown, such as a wrong password: sent again, it would be
 * another attempt.
 *
 * @param {Response} response
 */
async function refusesUser(response) {
  const error = parsed(await response.clone().text())?.error;
  return typeof error === "string" && error !== "invalid_token";
}

/**
 * Return the note of a logout that the server has not confirmed. Storage may be blocked or full: then there is no note.
 *
 * @param {string} name
 * @param {World} world
 */
function makeNote(name, world) {
  const key = `${name}.logout`;
  /** @param {(storage: Storage) => any} act */
  const use = (act) => {
    try {
      return act(world.storage());
    } catch {
      return null;
    }
  };
  return {
    write: (/** @type {boolean} */ all) => use((storage) => storage.setItem(key, all ? "all" : "one")),
    read: () => use((storage) => storage.getItem(key)),
    remove: () => use((storage) => storage.removeItem(key)),
  };
}

/**
 * Return the sign-in of this page. Make one for each page, and no second one with the same name.
 *
 * @param {Options} options
 * @param {World} [world] only for tests
 * @returns {Auth}
 */
export function createAuth({ url, apis = [], name = "edge-auth" }, world = browser(name)) {
  const addresses = [url, ...apis].map((address) => new URL(address, world.base));
  const origins = new Set(addresses.map((address) => address.origin));
  const base = addresses[0].href.replace(/\/+$/, "");
  const server = makeServer(base, world);
  const note = makeNote(name, world);
  /** @type {Set<(session: Session) => void>} */
  const subscribers = new Set();
  /** @type {Session} */
  let session = unknown();
  /** @type {Held | null} */
  let held = null;
  /** @type {Promise<void> | null} */
  let running = null;
  // Each login and each logout, in any tab, begins a new turn. What was sent in an older turn is aborted, and its
  // answer counts for nothing: it may be of another session.
  let turn = new AbortController();

  /** Return what is known without asking: after a logout the user is signed out, also if the server does not know. */
  function unknown() {
    return note.read() ? null : undefined;
  }

  function beginTurn() {
    turn.abort();
    turn = new AbortController();
  }

  /** @param {Session} next */
  function setSession(next) {
    if (next === session || (next && session && next.id === session.id)) return;
    session = next;
    for (const subscriber of subscribers) {
      try {
        subscriber(session);
      } catch (error) {
        world.report(error);
      }
    }
  }

  function signOut() {
    beginTurn();
    held = null;
    setSession(null);
  }

  /** Keep an access token. Its life counts from the time at which it was asked for.
   * @param {Grant} grant
   * @param {number} sentMs wall time */
  function accept({ access_token: token, expires_in, session_id: id }, sentMs) {
    held = { token, id, lifeMs: expires_in * 1000, wallMs: sentMs, monotonicMs: world.monotonicMs() };
    setSession({ id });
  }

  /** Tell the other tabs.
   * @param {Message} message */
  function tell(message) {
    try {
      world.channel?.postMessage(message);
    } catch {
      // The channel is closed. The other tabs ask the server when they need to.
    }
  }

  /** @param {Answer} answer
   * @param {boolean} fromLogin */
  function acceptAndTell({ body, sentMs }, fromLogin) {
    accept(body, sentMs);
    const { access_token, expires_in, session_id } = body;
    tell({ in: access_token, expires_in, session_id, sentMs, fromLogin });
  }

  /** Return whether another tab's refresh counts here: it is of the same session, and newer. A tab that was frozen
   * hears old messages late.
   * @param {Told} token */
  function isNews({ session_id, expires_in, sentMs }) {
    const same = session ? session.id === session_id : session === undefined;
    return same && expires_in * 1000 - (world.wallMs() - sentMs) > leftMs(held, world);
  }

  /** Hear what another tab tells.
   * @param {{data: Message}} event */
  function hear({ data }) {
    if ("out" in data) return signOut();
    if (!data.fromLogin && !isNews(data)) return;
    if (data.fromLogin) beginTurn();
    accept({ ...data, access_token: data.in }, data.sentMs);
  }

  /**
   * Work under the lock. If a login or a logout interrupts the work, begin it again.
   *
   * @param {(signal: AbortSignal) => Promise<void>} work
   */
  async function alone(work) {
    for (;;) {
      const release = await acquire(name, world);
      const { signal } = turn;
      try {
        return await work(signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        release();
      }
    }
  }

  /** End the session on the server, then forget the note of it.
   * @param {boolean} all
   * @param {AbortSignal} signal */
  async function endSession(all, signal) {
    const { status, body } = await server.repeatedly(LOGOUT, { all }, signal);
    signal.throwIfAborted();
    if (status !== 204) throw new Refused(status, body);
    note.remove();
    // Again, because another tab's login may have come between.
    signOut();
    tell({ out: true });
  }

  /** Carry out a logout that is not finished. Return whether there was one.
   * @param {AbortSignal} signal */
  async function finishLogout(signal) {
    const noted = note.read();
    if (noted) await endSession(noted === "all", signal);
    return Boolean(noted);
  }

  /** Finish a logout, or forget it if the server refuses it: later it would end the new session. */
  async function finishLogoutBeforeLogin() {
    try {
      await finishLogout(NEVER);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      note.remove();
    }
  }

  /** Ask the server for a new access token, unless another tab was faster, or the user has logged out meanwhile. */
  async function renew() {
    const began = { turn, held };
    await alone(async (signal) => {
      const signedOut = turn !== began.turn && session === null;
      if (signedOut) return;
      try {
        if (await finishLogout(signal)) return;
      } catch {
        signal.throwIfAborted();
        return signOut(); // the logout stays noted
      }
      const replaced = held !== began.held && leftMs(held, world) > LATE_MS;
      if (replaced) return;
      const answer = await server.repeatedly(REFRESH, {}, signal);
      signal.throwIfAborted();
      if (answer.status === 200) return acceptAndTell(answer, false);
      // Only this answer means that the session is dead.
      if (answer.body?.error === "invalid_grant") return signOut();
      server.pause(REFRESH);
      throw new Refused(answer.status, answer.body);
    });
  }

  /** Refresh, once for all calls that wait.
   * @returns {Promise<void>} */
  function refresh() {
    running ??= renew().finally(() => {
      running = null;
    });
    return running;
  }

  /** Return the access token to use now, or null if the user is signed out. */
  async function usable() {
    if (session === null) return null;
    const left = leftMs(held, world);
    if (left <= LATE_MS) await refresh();
    else if (held && left <= Math.min(EARLY_MS, held.lifeMs * EARLY_PART)) refresh().catch(ignore);
    return held;
  }

  /** Open a session, which takes the place of the one before.
   * @type {Auth["openSession"]} */
  async function openSession(path, body, token) {
    const release = await acquire(name, world);
    try {
      await finishLogoutBeforeLogin();
      const answer = await server.once(path, body, NEVER, token);
      if (answer.status !== 200) throw new Refused(answer.status, answer.body);
      beginTurn();
      acceptAndTell(answer, true);
    } finally {
      release();
    }
  }

  world.channel?.addEventListener("message", hear);
  // Back to a page that was frozen: it may have missed a logout.
  world.onReturn(() => {
    beginTurn();
    held = null;
    setSession(unknown());
    refresh().catch(ignore);
  });

  return {
    get session() {
      return session;
    },

    subscribe(subscriber) {
      subscribers.add(subscriber);
      subscriber(session);
      return () => {
        subscribers.delete(subscriber);
      };
    },

    login: (credentials) => openSession(LOGIN, { ...credentials, transport: "cookie" }),

    openSession,

    async logout({ all = false } = {}) {
      note.write(all); // first: a tab that is closed now finishes its logout later
      signOut();
      tell({ out: true });
      let sent = false;
      await alone(async (signal) => {
        // Interrupted by another login or logout, which has finished this one.
        if (sent && !note.read()) return;
        sent = true;
        await endSession(all, signal);
      });
    },

    async restore() {
      if (leftMs(held, world) <= LATE_MS) await refresh();
      return Boolean(session);
    },

    async token({ fresh = false } = {}) {
      if (fresh && session !== null) await refresh();
      return (await usable())?.token ?? null;
    },

    async fetch(input, init) {
      const address = new URL(input instanceof Request ? input.url : input, world.base);
      if (!origins.has(address.origin)) return world.fetch(input, init);
      const request = new Request(input instanceof Request ? input : address, init);
      const again = request.clone(); // now, because a body can be read only once
      const asked = session;
      const used = await usable();
      // A call of one user is never sent with the token of another.
      if (asked && used && asked.id !== used.id) throw new Refused(0, { error: "session_changed" });
      const response = await world.fetch(authorized(request, used));
      if (response.status !== 401 || !used || demandsLogin(response)) return response;
      if (address.href.startsWith(`${base}/auth/`) && (await refusesUser(response))) return response;
      if (held === used) {
        if (ageMs(used, world) < YOUNG_MS) return response;
        await refresh();
      }
      if (!held || held === used || held.id !== used.id) return response;
      response.body?.cancel().catch(ignore);
      return world.fetch(authorized(again, held));
    },
  };
}
