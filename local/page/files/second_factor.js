// The card of the second factor: an app, its recovery codes, and a step-up.

import { account, auth } from "./auth.js";
import { facts } from "./page_server.js";
import { byId, codeOf, describe, element, onPress, onSubmit, say } from "./screen.js";

const confirmApp = byId("confirm-app");
const codes = byId("recovery-codes");
const stepUp = byId("step-up");

/** The app that is being set up. Before the first login it comes with the token of that login. */
let pending = null;
let enrolmentToken = null;

/** Show what the user has; nothing if nobody is signed in. */
export async function showFactors() {
  const { session } = auth;
  const signedIn = Boolean(session);
  stepUp.hidden = !signedIn;
  byId("no-factors").hidden = signedIn;
  if (!signedIn) {
    forgetApp();
    codes.replaceChildren();
    return describe(byId("factors"), []);
  }
  const { totp, locked, recovery_codes_left } = await account.factors();
  if (auth.session !== session) return; // a later session shows its own
  describe(byId("factors"), [
    ["app", totp ? (locked ? "locked" : "set up") : "none"],
    ["codes left", String(recovery_codes_left)],
  ]);
  const field = byId("step-up-code");
  byId("step-up-label").textContent = totp ? "Code of the app, or a recovery code" : "Password";
  field.type = totp ? "text" : "password";
  field.value = totp ? "" : facts.password;
}

function forgetApp() {
  pending = enrolmentToken = null;
  confirmApp.hidden = true;
  confirmApp.reset();
  byId("qr").replaceChildren();
  byId("secret").textContent = "";
}

function showCodes(made) {
  codes.replaceChildren(...made.map((code) => element("li", {}, element("code", {}, code))));
}

/** Return the picture of the answer as an element. */
function picture(svg) {
  const made = new DOMParser().parseFromString(svg, "text/html").body.firstElementChild;
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", "QR code for the app");
  return made;
}

function showApp(begun) {
  pending = begun;
  byId("qr").replaceChildren(picture(pending.qr_svg));
  byId("secret").textContent = pending.secret;
  confirmApp.hidden = false;
  codes.replaceChildren();
  byId("app-code").focus();
  say("Scan the picture with your app, and type the code that it shows. Nothing is stored yet.");
}

/** Let a user who must have a second factor set up an app, before the first login. */
export async function setUpFirstApp(token) {
  showApp(await account.beginRequiredApp(token));
  enrolmentToken = token;
  say("You must have a second factor. Scan the picture with your app, and type the code that it shows.");
}

onPress(byId("enrol"), async () => showApp(await account.beginApp()));

onSubmit(confirmApp, async () => {
  const shown = { enrolment: pending.enrolment, otp: byId("app-code").value.trim() };
  if (enrolmentToken) {
    showCodes(await account.confirmRequiredApp({ enrolment_token: enrolmentToken, ...shown }));
    forgetApp();
    byId("username").focus();
    return say("The app is set up. These recovery codes are shown once. Now sign in, with the next code of the app.");
  }
  showCodes(await account.confirmApp(shown));
  forgetApp();
  await showFactors();
  byId("new-codes").focus();
  say("The app is set up. These recovery codes are shown once. The next login takes the next code of the app.");
});

byId("no-app").addEventListener("click", () => {
  forgetApp();
  byId("enrol").focus();
  say("No app was set up.");
});

onPress(byId("new-codes"), async () => {
  showCodes(await account.newRecoveryCodes());
  await showFactors();
  say("You have ten new recovery codes. The old ones have ended.");
});

onPress(byId("remove-app"), async () => {
  await account.removeApp();
  codes.replaceChildren();
  await showFactors();
  say("The app and its recovery codes are removed. Your other sessions have ended.");
});

onSubmit(stepUp, async () => {
  const field = byId("step-up-code");
  const shown = field.type === "password" ? { password: field.value } : codeOf(field.value);
  await account.stepUp(shown);
  say("You have stepped up: a new session has taken the place of the old one.");
});
