// A browser with tabs: one cookie jar, one storage, locks and a channel. Its network can lose, delay and hold.

import { createAuth } from "../../edge-auth.js";
import { API, AUTH, Server } from "./server.js";
import { Time } from "./time.js";

const HOP_MS = 2; // between tabs, and to the lock manager

/** Return a new browser with one server. */
export function scene() {
  const time = new Time();
  const server = new Server(time);
  return { time, server, browser: new Browser(time, server) };
}

/** Return a promise's outcome as it becomes known: `value` or `error`, and `atMs`. */
export function watch(promise, time) {
  const seen = {};
  const note = (name) => (result) => Object.assign(seen, { [name]: result, atMs: time.nowMs });
  promise.then(note("value"), note("error"));
  return seen;
}

/** One browser. A test changes `network`, `clockMs`, `hasLocks` and `hasChannel`. */
export class Browser {
  cookie = undefined;
  clockMs = 1_800_000_000_000; // the wall clock's lead over the time of the test
  sleptMs = 0; // the monotonic clock stops while the machine sleeps
  hasLocks = true;
  hasChannel = true;
  tabs = new Set();
  stored = new Map();
  sent = []; // every request, with its options
  faults = []; // for the next requests of auth routes, first one first; undefined is no fault
  network = () => ({ thereMs: 50, backMs: 50 });
  #queue = []; // who waits for the lock; the first one has it

  constructor(time, server) {
    this.time = time;
    this.server = server;
  }

  /** Open a page. It has not yet asked who is signed in. */
  open(options = {}) {
    const tab = new Tab(this, options);
    this.tabs.add(tab);
    return tab;
  }

  /** Open a page, log in, and return it. */
  async signedIn(username = "ada") {
    const tab = this.open();
    const login = tab.auth.login({ username, password: "right" });
    await this.time.pass(1000);
    await login;
    return tab;
  }

  /** The Web Locks API, of one lock. */
  request(tab, { signal }, work) {
    return new Promise((resolve, reject) => {
      const waiting = { tab, work, resolve, reject };
      this.#queue.push(waiting);
      signal.addEventListener("abort", () => {
        if (!waiting.granted) this.#leave(waiting);
        if (!waiting.granted) reject(signal.reason);
      });
      this.#grant();
    });
  }

  #grant() {
    const [first] = this.#queue;
    if (!first || first.asked) return;
    first.asked = true;
    this.time.after(HOP_MS, () => {
      if (this.#queue[0] !== first) return;
      first.granted = true;
      Promise.resolve(first.work())
        .then(first.resolve, first.reject)
        .finally(() => this.#leave(first));
    });
  }

  #leave(waiting) {
    this.#queue = this.#queue.filter((other) => other !== waiting);
    this.#grant();
  }

  /** A closed page gives its locks back. */
  releaseLocksOf(tab) {
    this.#queue = this.#queue.filter((waiting) => waiting.tab !== tab);
    this.#grant();
  }
}

/** One page, with the client in it. */
class Tab {
  #later = []; // what happens to a frozen page when it goes on
  #listeners = [];
  errors = [];

  constructor(browser, options) {
    this.browser = browser;
    this.auth = createAuth({ url: AUTH, apis: [API], ...options }, this.#world());
  }

  /** Close the page: its requests, timers and locks end. */
  close() {
    this.closed = true;
    this.browser.tabs.delete(this);
    this.browser.releaseLocksOf(this);
  }

  /** Stop the page, as a browser does with hidden pages. It keeps its locks. */
  freeze() {
    this.frozen = true;
  }

  /** Let the page go on. */
  thaw() {
    this.frozen = false;
    for (const act of this.#later.splice(0)) act();
  }

  /** Hear a message of another page. */
  hear(data) {
    this.#run(() => this.#listeners.forEach((listener) => listener({ data })));
  }

  #run(act) {
    if (this.closed) return;
    if (this.frozen) this.#later.push(act);
    else act();
  }

  #world() {
    const { browser } = this;
    const { time, stored } = browser;
    return {
      base: "https://app.example.com/",
      fetch: (input, init) => this.#fetch(input, init),
      wallMs: () => time.nowMs + browser.clockMs,
      monotonicMs: () => time.nowMs - browser.sleptMs,
      sleep: (ms) => new Promise((resolve) => time.after(ms, () => this.#run(resolve))),
      locks: browser.hasLocks ? { request: (_, options, work) => browser.request(this, options, work) } : undefined,
      channel: browser.hasChannel ? this.#channel() : undefined,
      storage: () => ({
        getItem: (key) => stored.get(key) ?? null,
        setItem: (key, value) => stored.set(key, value),
        removeItem: (key) => stored.delete(key),
      }),
      report: (error) => this.errors.push(error),
      onReturn: (act) => {
        this.comeBack = act;
      },
    };
  }

  #channel() {
    const { time, tabs } = this.browser;
    return {
      addEventListener: (_, listener) => this.#listeners.push(listener),
      postMessage: (data) => {
        const copy = structuredClone(data);
        for (const tab of tabs) if (tab !== this) time.after(HOP_MS, () => tab.hear(copy));
      },
    };
  }

  async #fetch(input, init = {}) {
    const request = new Request(input, init);
    const { url, method, headers } = request;
    const body = await request.text();
    return new Promise((resolve, reject) => {
      this.#send({ url, method, headers, body }, { ...init, request }, resolve, reject);
    });
  }

  #send(request, options, resolve, reject) {
    const { browser } = this;
    const { time } = browser;
    const auth = request.url.startsWith(AUTH);
    const credentials = options.credentials ?? options.request.credentials;
    const cookie = auth && credentials === "include" ? browser.cookie : undefined;
    const fault = (auth && browser.faults.shift()) || {};
    const { thereMs, backMs, lost, how = "silence" } = { ...browser.network(request), ...fault };
    browser.sent.push({ ...request, options, credentials, cookie, atMs: time.nowMs, tab: this });
    let aborted = false;
    options.signal?.addEventListener("abort", () => {
      aborted = true;
      reject(options.signal.reason);
    });
    const fail = () => how === "error" && this.#run(() => reject(new TypeError("Failed to fetch")));
    time.after(thereMs, () => {
      if (lost === "request") return fail();
      const answer = fault.answer ?? browser.server.handle({ ...request, cookie });
      time.after(backMs + (fault.holdMs ?? 0), () => {
        if (lost === "answer") return fail();
        if (aborted || this.closed) return; // a browser takes no cookie of an aborted request
        if (answer.cookie !== undefined) browser.cookie = answer.cookie ?? undefined;
        const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
        const { status, headers } = answer;
        const body = fault.bodyMs ? new Promise((come) => time.after(fault.bodyMs, () => come(text))) : text;
        const light = { status, ok: status < 300, headers: new Headers(headers), text: async () => body };
        light.clone = () => light; // no test waits for a stream
        this.#run(() => resolve(auth ? light : new Response(text, { status, headers })));
      });
    });
  }
}
