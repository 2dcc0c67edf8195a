// The try-it page: who is signed in, and the cards that follow it.

import { auth } from "./auth.js";
import { showToken } from "./access_token.js";
import { facts } from "./page_server.js";
import { onRefresh, showRequests } from "./requests.js";
import { showMails } from "./mail.js";
import { showPasskeys, takePasskey } from "./passkeys.js";
import { byId, codeOf, describe, element, inWords, onPress, onSubmit, say, sayFirst } from "./screen.js";
import { setUpFirstApp, showFactors } from "./second_factor.js";
import { showSessions } from "./sessions.js";
import "./absent.js";
import "./faults.js";
import "./thief.js";

const form = byId("sign-in");
const secondStep = byId("second-step");
const buttons = document.querySelectorAll(".needs-session button");

/** Follow the client: it calls this at once, and whenever the user is signed in or out. */
function show(session) {
  const hadFocus = [form, secondStep, byId("signed-in")].some((part) => part.contains(document.activeElement));
  form.hidden = Boolean(session);
  secondStep.hidden = true;
  secondStep.reset();
  byId("signed-in").hidden = !session;
  byId("who").textContent = session ? `signed in as ${facts.user}` : session === null ? "signed out" : "not known";
  byId("who").className = session ? "pill good" : "pill";
  for (const button of buttons) button.setAttribute("aria-disabled", String(!session));
  if (hadFocus) byId(session ? "who-am-i" : "username").focus();
  describe(byId("me"), []);
  showToken();
  for (const showCard of [showSessions, showFactors, showPasskeys]) {
    // What a session is refused after its end is no news.
    showCard().catch((error) => auth.session === session && say(inWords(error)));
  }
}

/** What the first step of a login has answered. Its token stands in the place of the password. */
let asked = null;

/** Ask for what the user has: a code, a passkey, or one of them. */
function askForSecondFactor(answer) {
  asked = answer;
  const hasApp = answer.methods.includes("otp");
  const hasPasskey = answer.methods.includes("passkey");
  byId("code-step").hidden = !hasApp;
  byId("second-code").required = hasApp;
  byId("second-passkey").hidden = !hasPasskey;
  form.hidden = true;
  secondStep.hidden = false;
  byId(hasApp ? "second-code" : "second-passkey").focus();
  say(`The password is right. Now ${hasApp ? "the code of your app" : "your passkey"}.`);
}

onSubmit(form, async () => {
  const { username, password } = form.elements;
  say("Signing in …");
  try {
    await auth.login({ username: username.value, password: password.value });
    say("You are signed in.");
  } catch (error) {
    if (error.code === "mfa_required") return askForSecondFactor(error.answer);
    if (error.code === "mfa_enrolment_required") return setUpFirstApp(error.answer.enrolment_token);
    throw error;
  }
});

onSubmit(secondStep, async () => {
  const code = codeOf(byId("second-code").value);
  await auth.login({ username: form.elements.username.value, mfa_token: asked.mfa_token, ...code });
  say("You are signed in, with both factors.");
});

onPress(byId("second-passkey"), async () => {
  await takePasskey({ asked });
  say("You are signed in, with the password and the passkey.");
});

byId("step-back").addEventListener("click", () => {
  secondStep.hidden = true;
  form.hidden = false;
  byId("username").focus();
});

onPress(byId("who-am-i"), async () => {
  const response = await auth.fetch("/api/me");
  const me = await response.json();
  if (!response.ok) return say(`GET /me: ${response.status}. If the session has ended, the next refresh says so.`);
  const code = (text) => element("code", {}, text);
  describe(byId("me"), [
    ["user", code(me.sub)],
    ["may", code(me.scope)],
    ["as", me.roles],
  ]);
  say(`You are ${facts.user}, as the API sees you.`);
});

onPress(byId("sign-out"), async () => {
  await auth.logout();
  say("You are signed out, in every tab.");
});

byId("username").value = facts.user;
byId("password").value = facts.password;
auth.subscribe(show);
onRefresh(showToken);
try {
  await auth.restore();
  if (auth.session) sayFirst("You are still signed in.");
} catch (error) {
  sayFirst(inWords(error));
}
await showMails();
await showRequests();
