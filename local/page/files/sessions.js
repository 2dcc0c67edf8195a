// The card of the sessions: the user's own list, and the ends of them.

import { auth } from "./auth.js";
import { signInOnPhone } from "./page_server.js";
import { byId, element, onPress, say } from "./screen.js";

const list = byId("sessions");

/** Show the sessions of the user; none if nobody is signed in. */
export async function showSessions() {
  byId("no-sessions").hidden = Boolean(auth.session);
  const { session } = auth;
  if (!session) return list.replaceChildren();
  const response = await auth.fetch("/api/auth/sessions");
  if (!response.ok) return;
  const { sessions } = await response.json();
  if (auth.session !== session) return; // a later session shows its own
  list.replaceChildren(...sessions.map(row));
}

function row({ session_id, client_name, user_agent, created_at, last_used_at, current }) {
  const name = client_name || browserName(user_agent);
  const times = `since ${clock(created_at)}, last refresh ${clock(last_used_at)}`;
  const label = element("span", {}, element("strong", {}, name), element("small", {}, times));
  if (current) return element("li", {}, label, element("span", { className: "pill good" }, "this one"));
  const end = element("button", { ariaLabel: `End the session ${name}` }, "End");
  onPress(end, async () => {
    const response = await auth.fetch(`/api/auth/sessions/${session_id}`, { method: "DELETE" });
    await showSessions();
    byId("phone").focus();
    say(response.ok ? `The session "${name}" has ended.` : "It could not be ended.");
  });
  return element("li", {}, label, end);
}

function browserName(userAgent) {
  return /Firefox|Edg|Chrome|Safari/.exec(userAgent)?.[0] ?? "a client without a name";
}

function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString("en-GB");
}

onPress(byId("phone"), async () => {
  const { status, error } = await signInOnPhone();
  await showSessions();
  say(status === 200 ? "A phone has signed in too." : `The phone could not sign in: ${status} ${error}.`);
});

// The client library has no call for it, so the page sends the request itself, as the library would.
onPress(byId("end-others"), async () => {
  const response = await fetch("/api/auth/logout", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Edge-Auth": "1" },
    body: JSON.stringify({ others: true }),
  });
  await showSessions();
  say(response.ok ? "All other sessions have ended." : "They could not be ended.");
});

onPress(byId("reload"), async () => {
  await showSessions();
  say("These are your sessions now.");
});
