// The parts of the page that all cards use: elements, what the page says, and buttons.

import { Refused, Unavailable } from "./edge-auth.js";

/** Return the element with this id. */
export function byId(id) {
  return document.getElementById(id);
}

/** Make an element, with its properties and its children. */
export function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Show terms and their values in a `<dl>`. */
export function describe(list, entries) {
  const parts = entries.map(([term, ...value]) =>
    element("div", {}, element("dt", {}, term), element("dd", {}, ...value)),
  );
  list.replaceChildren(...parts);
}

/** Say something, also to screen readers. */
export function say(text) {
  byId("says").textContent = text;
}

/** Say what the page has found at its start, unless an act has said something meanwhile. */
export function sayFirst(text) {
  if (!byId("says").textContent) say(text);
}

/** Wait. */
export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Count down, one call a second with the seconds that are left. */
export async function countDown(ms, show) {
  const end = performance.now() + ms;
  for (let left = ms; left > 0; left = end - performance.now()) {
    show(Math.ceil(left / 1000));
    await pause(Math.min(left, 1000 - ((ms - left) % 1000)));
  }
}

const REFUSALS = {
  insufficient_user_authentication:
    "Step up first: this needs a login of at most five minutes ago, with the app or the passkey that you have.",
  invalid_otp: "Refused: invalid_otp. The code is wrong, or was used before.",
  factor_locked: "Refused: factor_locked. A recovery code unlocks the app.",
};
const OF_BROWSER = {
  NotAllowedError: "No passkey was used.",
  InvalidStateError: "This device has a passkey of yours already.",
};

/** Return what went wrong, in words. */
export function inWords(error) {
  if (error instanceof Unavailable) return "edge-auth cannot be reached now. You are still signed in.";
  if (error instanceof Refused) return REFUSALS[error.code] ?? `Refused: ${error.code}.`;
  if (error instanceof DOMException && OF_BROWSER[error.name]) return OF_BROWSER[error.name];
  if (error instanceof TypeError) return "The request failed: no answer came. You are still signed in.";
  throw error;
}

let busy = false;

/** Act for a button, one act at a time. */
async function run(button, act) {
  if (button.getAttribute("aria-disabled") === "true") return say("Sign in first.");
  if (busy) return say("Wait until the other act has ended.");
  busy = true;
  button.setAttribute("aria-busy", "true");
  try {
    await act(button);
  } catch (error) {
    say(inWords(error));
  } finally {
    busy = false;
    button.removeAttribute("aria-busy");
  }
}

/** Act when a button is pressed. The button stays where the focus is. */
export function onPress(button, act) {
  button.addEventListener("click", () => run(button, act));
}

/** Act when a form is sent. */
export function onSubmit(form, act) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run(form.querySelector("button:not([type=button])"), act);
  });
}

/** Return what a user types as a second factor: a code of the app has six digits, and a recovery code letters too. */
export function codeOf(text) {
  const code = text.trim();
  return /^\d{6}$/.test(code) ? { otp: code } : { recovery_code: code };
}
