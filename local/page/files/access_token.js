// The card of the access token: what it says, how long it lives, and calls with it.

import { auth } from "./auth.js";
import { byId, describe, element, inWords, onPress, say } from "./screen.js";

const SHOWN = 10;

let shown = null;
let claims = null;
let since = 0;

/** Show the access token that the client holds. It is called when that token is new, so the client asks for none. */
export async function showToken() {
  const token = auth.session ? await auth.token() : null;
  // Its life counts from now: the clock of this machine need not be that of the API.
  if (token !== shown) since = Date.now();
  shown = token;
  claims = token && JSON.parse(decoded(token.split(".")[1]));
  describe(byId("claims"), claims ? explained(token, claims) : []);
  tick();
}

function decoded(base64url) {
  const bytes = Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

function explained(token, { iss, aud, sub, sid, scope, roles, iat, exp, auth_time, acr }) {
  const code = (text) => element("code", {}, text);
  return [
    ["the token", code(`${token.slice(0, SHOWN)}…${token.slice(-SHOWN)}`)],
    ["issued by", code(iss)],
    ["for", code(aud)],
    ["user", code(sub)],
    ["session", code(sid)],
    ["may", code(scope ?? "nothing")],
    ["as", (roles ?? []).join(", ") || "no role"],
    ["login", acr ? code(acr) : "of no known strength"],
    ["good from", `${clock(iat)} to ${clock(exp)}, after a login at ${clock(auth_time)}`],
  ];
}

function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString("en-GB");
}

function secondsLeft() {
  return claims ? Math.max(0, claims.exp - claims.iat - (Date.now() - since) / 1000) : 0;
}

function tick() {
  const left = Math.ceil(secondsLeft());
  byId("life").max = claims ? claims.exp - claims.iat : 1;
  byId("life").value = left;
  const expired = "expired: the next call refreshes first";
  byId("left").textContent = !claims ? "no access token" : left ? `${left} s left` : expired;
}

async function call() {
  const response = await auth.fetch("/api/me");
  const refused = `GET /me: ${response.status}. If the session has ended, the next refresh says so.`;
  say(response.ok ? "GET /me: 200, with your access token." : refused);
  await showToken();
}

setInterval(tick, 1000);

onPress(byId("call"), call);

onPress(byId("refresh"), async () => {
  const token = await auth.token({ fresh: true });
  await showToken();
  say(token ? "You have a new access token." : "The session has ended: you are signed out.");
});

const expire = byId("expire");
let waiting = null;

/** Forget that the page waits. */
function stopWaiting() {
  clearInterval(waiting);
  waiting = null;
  expire.setAttribute("aria-pressed", "false");
  expire.textContent = "Wait until it expires";
}

expire.addEventListener("click", () => {
  if (waiting) {
    stopWaiting();
    return say("No longer waiting.");
  }
  if (!auth.session) return say("Sign in first.");
  say("Waiting. Nothing is sent until the access token has expired.");
  expire.setAttribute("aria-pressed", "true");
  expire.textContent = "Waiting … (stop)";
  waiting = setInterval(() => {
    if (secondsLeft()) return;
    stopWaiting();
    if (!auth.session) return;
    call().then(
      () => say("It had expired, so the call of /me refreshed first. See the newest two requests."),
      (error) => say(inWords(error)),
    );
  }, 500);
});
