// Lost answers, no network, and eight tabs at once.

import { auth } from "./auth.js";
import { showToken } from "./access_token.js";
import { facts, goOffline, loseNextAnswer, windowIsOver } from "./page_server.js";
import { newestNumber, showRequests } from "./requests.js";
import { byId, countDown, element, inWords, onPress, say } from "./screen.js";

const OFFLINE_SECONDS = facts.grace_seconds;
const TABS = 8;
const TABS_WITHIN_MS = 30_000;

async function waitForWindow() {
  await windowIsOver((seconds) => say(`The last rotation is too young. The next one is possible in ${seconds} s.`));
}

onPress(byId("lose"), async () => {
  await waitForWindow();
  await loseNextAnswer(0);
  say("Refreshing. The answer will not arrive.");
  await auth.token({ fresh: true });
  await showToken();
  await showRequests();
  say("The answer was lost, and its cookie too. The client asked again, and got the same token. You are signed in.");
});

onPress(byId("lose-late"), async () => {
  await waitForWindow();
  const seconds = facts.grace_seconds + 2;
  await loseNextAnswer(seconds);
  say("Refreshing. The answer will not arrive, and then the network is gone.");
  await auth.token({ fresh: true }).then(() => say("Nothing was lost?"), (error) => say(inWords(error)));
  await countDown(seconds * 1000, (left) => say(`No network for ${left} s more: longer than the grace window.`));
  await auth.token({ fresh: true });
  await showToken();
  await showRequests();
  say("Back with the old token, long after its rotation: a late retry. You are signed in.");
});

onPress(byId("offline"), async () => {
  await goOffline(OFFLINE_SECONDS);
  await auth.token({ fresh: true }).catch((error) => say(inWords(error)));
  await showRequests();
  await countDown(OFFLINE_SECONDS * 1000, (left) => say(`Offline for ${left} s more. You are still signed in.`));
  const response = await auth.fetch("/api/me");
  await showToken();
  await showRequests();
  say(`Online again: GET /me ${response.status}, without a login.`);
});

onPress(byId("tabs"), async () => {
  const before = newestNumber();
  say(`${TABS} tabs start at once. They are frames here, because browsers block so many windows.`);
  const tabs = Array.from({ length: TABS }, (_, number) => element("iframe", { title: `Tab ${number + 1}` }));
  const done = Promise.all(tabs.map(answerOf));
  byId("frames").replaceChildren(...tabs);
  for (const tab of tabs) tab.src = "tab.html";
  const answers = await done;
  const signedIn = answers.filter((answer) => answer === "signed in").length;
  await showToken();
  const refreshes = (await showRequests()).filter(({ number, route }) => number > before && route === "/auth/refresh");
  say(`${signedIn} of ${TABS} tabs are signed in. Refreshes that they needed: ${refreshes.length}.`);
});

/** Return what a tab tells, or that it told nothing. */
function answerOf(tab) {
  return new Promise((resolve) => {
    addEventListener("message", ({ source, origin, data }) => {
      if (origin === location.origin && source === tab.contentWindow) resolve(data);
    });
    setTimeout(() => resolve("no answer"), TABS_WITHIN_MS);
  });
}
