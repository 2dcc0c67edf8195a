// The card of the passkeys, and the sign-in with one.

import { auth, passkeys } from "./auth.js";
import { byId, element, inWords, onPress, say } from "./screen.js";

const list = byId("passkeys");

/** The end of the wait for a passkey where the user name is typed. */
let offer = new AbortController();

/** Let the browser offer passkeys where the user name is typed, as long as nobody is signed in. */
async function offerPasskeys() {
  offer.abort();
  offer = new AbortController();
  const { signal } = offer;
  if (auth.session !== null || !(await passkeys.available()) || signal.aborted) return;
  try {
    await passkeys.signIn({ conditional: true, signal });
    say("You are signed in with a passkey, which the browser has offered.");
  } catch (error) {
    // A browser that offers nothing, or a user who does not want it, is no failure of an act.
    if (!(error instanceof DOMException)) say(inWords(error));
  }
}

/** Show the passkeys of the user; none if nobody is signed in. */
export async function showPasskeys() {
  offerPasskeys();
  byId("no-passkeys").hidden = Boolean(auth.session);
  const { session } = auth;
  if (!session) return list.replaceChildren();
  const found = await passkeys.list();
  if (auth.session === session) list.replaceChildren(...found.map(row)); // not over those of a later session
}

function row({ id, name, created_at }) {
  const label = element("span", {}, element("strong", {}, name), element("small", {}, `since ${clock(created_at)}`));
  const remove = element("button", { ariaLabel: `Remove the passkey ${name}` }, "Remove");
  onPress(remove, async () => {
    await passkeys.remove(id);
    await showPasskeys();
    byId("add-passkey").focus();
    say(`The passkey "${name}" is removed. Your other sessions have ended.`);
  });
  return element("li", {}, label, remove);
}

function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString("en-GB");
}

/** Sign in with a passkey. */
export async function takePasskey(options) {
  offer.abort(); // a browser asks for one passkey at a time
  try {
    await passkeys.signIn(options);
  } catch (error) {
    offerPasskeys();
    throw error;
  }
}

onPress(byId("with-passkey"), async () => {
  await takePasskey();
  say("You are signed in with a passkey.");
});

onPress(byId("step-up-passkey"), async () => {
  await passkeys.stepUp();
  say("You have stepped up with a passkey: a new session has taken the place of the old one.");
});

onPress(byId("add-passkey"), async () => {
  const { name } = await passkeys.register(`Passkey of ${new Date().toLocaleTimeString("en-GB")}`);
  await showPasskeys();
  say(`You have the passkey "${name}". A login by password asks for it now, and changes need it.`);
});
