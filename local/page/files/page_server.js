// What the page asks of its own server, beside the API: facts, mails, faults and the thief.

import { countDown } from "./screen.js";

/** Return an answer of the page server. */
async function ask(method, path) {
  const response = await fetch(`/try${path}`, { method, cache: "no-store" });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

export const facts = await ask("GET", "/facts");
export const mails = () => ask("GET", "/mails");
export const requestsAfter = (number) => ask("GET", `/requests?after=${number}`);
export const storedSession = () => ask("GET", "/session");
export const goOffline = (seconds) => ask("POST", `/offline?seconds=${seconds}`);
export const loseNextAnswer = (thenOffline) => ask("POST", `/lose-answer?then_offline_seconds=${thenOffline}`);
export const steal = () => ask("POST", "/steal");
export const useStolen = () => ask("POST", "/use-stolen");
export const signInOnPhone = () => ask("POST", "/phone");

/** Wait until the last rotation is older than the grace window: before, a refresh rotates nothing. */
export async function windowIsOver(show) {
  const { rotated_ms_ago } = await storedSession();
  await countDown(facts.grace_seconds * 1000 + 500 - (rotated_ms_ago ?? Infinity), show);
}
