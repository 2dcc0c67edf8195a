// The list of every request that the page server passed on or sent.

import { requestsAfter } from "./page_server.js";
import { byId, element } from "./screen.js";

const EVERY_MS = 1000;
const WHO = { browser: "you", thief: "thief", phone: "phone" };

const known = [];
/** What other cards do when a tab has refreshed. */
const listeners = [];

/** Call a function after each refresh of a tab: every tab then has the new access token. */
export function onRefresh(listener) {
  listeners.push(listener);
}

/** Return the number of the newest request. */
export function newestNumber() {
  return known.at(-1)?.number ?? 0;
}

/** Show what is new, and return all requests, the newest last. */
export async function showRequests() {
  const { requests } = await requestsAfter(newestNumber());
  const news = requests.filter(({ number }) => number > newestNumber());
  known.push(...news);
  byId("requests").prepend(...news.map(row).reverse());
  byId("no-requests").hidden = known.length > 0;
  if (news.some(isAnsweredRefresh)) for (const listener of listeners) listener();
  return known;
}

function isAnsweredRefresh({ by, route, status, fault }) {
  return by === "browser" && route === "/auth/refresh" && status === 200 && !fault;
}

function row(request) {
  const { by, method, route, status, took_ms, event, fault } = request;
  return element(
    "li",
    { className: tone(request) },
    element("span", { className: `pill ${by}` }, WHO[by]),
    element("code", {}, `${method} ${shortened(route)}`),
    element("span", { className: "status" }, status ? String(status) : "–"),
    element("span", { className: "ms" }, status ? `${took_ms} ms` : ""),
    element("span", { className: "change" }, changed(request), fault ? element("em", {}, ` ${fault}`) : ""),
    element("code", { className: "event" }, event ?? ""),
  );
}

function shortened(route) {
  return route.replace(/(\/auth\/(?:sessions|passkeys)\/(?!options$|sign-in$|registration$).{4}).+/, "$1…");
}

function tone({ status, event, fault }) {
  if (event === "refresh_token_reused") return "bad";
  if (fault || !status || status >= 400) return "weak";
  return "";
}

const CHANGES = {
  "POST /auth/password/reset": "A mail, if this user has a confirmed address.",
  "POST /auth/password/reset/confirm": "A new password. All sessions end.",
  "POST /auth/email": "A mail to the new address.",
  "POST /auth/email/confirm": "The address is confirmed, or changes.",
  "POST /auth/email/undo": "The old address is back. All sessions end.",
  "POST /auth/factors/totp/confirm": "The user has this app, and recovery codes.",
  "POST /auth/factors/recovery-codes": "New recovery codes. The old ones end.",
  "DELETE /auth/factors/totp": "The app is gone. Other sessions end.",
  "POST /auth/step-up": "A new session takes the place of the old one.",
  "POST /auth/passkeys/sign-in": "A new session.",
  "POST /auth/passkeys": "The user has a passkey more.",
};

/** Say what a request changed, by what the page server knows of it. */
function changed(request) {
  const { route, method, status, presented, issued, event } = request;
  if (!status) return "It never reached the API.";
  if (event === "refresh_token_reused") return `Generation ${presented} is dead: reuse. The session ends.`;
  if (status >= 400) return refusal(request);
  if (route === "/auth/login") return issued === null ? "A new session." : `A new session, generation ${issued}.`;
  if (CHANGES[`${method} ${route}`]) return CHANGES[`${method} ${route}`];
  if (route.startsWith("/auth/passkeys/") && method === "DELETE") return "A passkey is gone. Other sessions end.";
  if (route === "/auth/logout" || method === "DELETE") return "The session ends, or several.";
  if (route !== "/auth/refresh") return "Nothing changes.";
  const step = `Generation ${presented} → ${issued}`;
  if (presented === issued) return `Generation ${issued} again: coalesced.`;
  if (event === "refresh_converged") return `${step}: converged, the same token as before.`;
  if (event === "refresh_retried_late") return `${step}: retried late.`;
  return `${step}.`;
}

function refusal({ route, error, presented, reason }) {
  if (route === "/auth/refresh" && presented === null) return "There is no session in this browser.";
  if (presented === null) return `Refused: ${error}.`;
  return `Generation ${presented} is refused: ${reason ?? error}.`;
}

// Requests of other tabs, too. A hidden page asks for nothing.
setInterval(() => {
  if (!document.hidden) showRequests().catch(() => {});
}, EVERY_MS);
