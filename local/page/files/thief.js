// The card of the thief: the steps of a theft, played against the real server, and what came of them.

import { auth } from "./auth.js";
import { showToken } from "./access_token.js";
import { facts, steal, storedSession, useStolen, windowIsOver } from "./page_server.js";
import { showRequests } from "./requests.js";
import { byId, element, onPress, say } from "./screen.js";

const WINDOW = `${facts.grace_seconds} seconds`;
const REUSE = "refresh_token_reused";

const STEAL = ["The thief copies your refresh token.", copy];
const YOU_FIRST = ["You refresh. The copy is now the token before yours.", refresh];
const WAIT = [`The grace window ends: for ${WINDOW}, lost answers and other tabs explain an old token.`, wait];
const THIEF_LAST = ["The thief tries to refresh.", useCopy];

const PLANS = {
  late: [
    STEAL,
    YOU_FIRST,
    WAIT,
    ["You refresh again. The copy is now older than any token that you may still need.", refresh],
    ["The thief uses the copy. Only a second party can have it: that is reuse, and the session ends.", useCopy],
    ["You refresh. The server cannot know which of the two you are, so it refuses you too.", refresh],
  ],
  early: [
    STEAL,
    YOU_FIRST,
    WAIT,
    ["The thief uses the copy. It looks as if your last answer had been lost, so it is answered.", useCopy],
    WAIT,
    ["You refresh. The thief has replaced your token: that is reuse, and the session ends.", refresh],
    THIEF_LAST,
  ],
};

/** Do the steps say which party was refused, and did the server see reuse? */
let seen = [];

async function copy(show) {
  const { generation } = await steal();
  show(`generation ${generation} copied`, "bad");
}

async function refresh(show) {
  await windowIsOver((seconds) => show(`in ${seconds} s`));
  const token = await auth.token({ fresh: true });
  await showToken();
  const last = await newest("browser", "/auth/refresh");
  seen.push(last);
  show(token ? `your token is now generation ${last.issued}` : `refused: ${last.status} ${last.error}`, tone(token));
}

async function wait(show) {
  await windowIsOver((seconds) => show(`${seconds} s`));
  show("it has ended", "good");
}

async function useCopy(show) {
  const { status, error } = await useStolen();
  const last = await newest("thief", "/auth/refresh");
  seen.push(last);
  const got = `the thief has generation ${last.issued}, and reads /me as you`;
  show(status === 200 ? got : `refused: ${status} ${error}`, status === 200 ? "bad" : "good");
}

function tone(isAnswered) {
  return isAnswered ? "good" : "bad";
}

async function newest(by, route) {
  const requests = await showRequests();
  return requests.findLast((request) => request.by === by && request.route === route);
}

function chosen() {
  return document.querySelector("input[name=plan]:checked").value;
}

function showPlan() {
  const steps = PLANS[chosen()].map(([text]) => element("li", {}, element("span", {}, text), element("em", {})));
  byId("steps").replaceChildren(...steps);
  byId("verdict").hidden = true;
}

async function play() {
  showPlan();
  seen = [];
  for (const [number, [text, act]] of PLANS[chosen()].entries()) {
    const step = byId("steps").children[number];
    step.setAttribute("aria-current", "step");
    say(`Step ${number + 1}: ${text}`);
    await act((result, state = "now") => {
      step.dataset.state = state;
      step.lastChild.textContent = result;
    });
    step.removeAttribute("aria-current");
  }
  await showVerdict();
}

/** Say what the server did, by what was seen of it. */
async function showVerdict() {
  const reuse = seen.find(({ event }) => event === REUSE);
  const { generation } = await storedSession();
  const bothLost = reuse && generation === undefined && auth.session === null;
  const text = bothLost
    ? `Both have lost the session. The function logged ${REUSE}, which sets off an alarm. You sign in again with your
       password; the thief has none. Access tokens of the session stop working within seconds.`
    : "This is not what should happen: the session lives. Another tab may have refreshed meanwhile. Try again.";
  byId("verdict").replaceChildren(element("p", {}, text));
  byId("verdict").hidden = false;
  byId("verdict").className = bothLost ? "verdict good" : "verdict bad";
  say(bothLost ? "The theft was found out: both have lost the session." : "The theft was not found out.");
}

for (const plan of document.querySelectorAll("input[name=plan]")) plan.addEventListener("change", showPlan);
onPress(byId("steal"), play);
showPlan();
