// The card of the mails: a forgotten password, another address, and the mailboxes of this machine.

import { account } from "./auth.js";
import { facts, mails } from "./page_server.js";
import { byId, element, onPress, onSubmit, pause, say } from "./screen.js";

const WITHIN_MS = 60_000; // the mailer may start first
const EVERY_MS = 500;
const LINK = /(https?:\/\/\S+)/;

const list = byId("mails");

let shown = [];

/** Show all mails. What is shown already stays, and keeps the focus. */
export async function showMails() {
  const { mails: found } = await mails();
  if (found.length <= shown.length) return; // an answer that was overtaken has fewer
  const news = found.slice(0, found.length - shown.length);
  list.prepend(...news.map((mail, index) => row(mail, found.length - index)));
  shown = found;
  byId("no-mails").hidden = true;
}

/** Return how many mails have a link. Others may arrive meanwhile: notices of a login, for example. */
function links() {
  return shown.filter(({ text }) => LINK.test(text)).length;
}

function row({ to, subject, text, at }, number) {
  const label = element("span", {}, element("strong", {}, subject), element("small", {}, `to ${to}, ${clock(at)}`));
  return element("li", {}, label, element("p", { className: "text" }, ...linked(text, number)));
}

/** Return a text with its first link as one that leads there, and no other. */
function linked(text, number) {
  const [before, link, ...after] = text.split(LINK);
  if (!link) return [text];
  return [before, element("a", { id: `mail-${number}`, href: link }, `${new URL(link).pathname}#…`), after.join("")];
}

function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString("en-GB");
}

/** Ask for a mail, and wait until it is there. No answer waits for it, so it comes later. */
async function askForMail(ask) {
  await showMails();
  const before = links();
  await ask();
  say("The mail is on its way.");
  const end = performance.now() + WITHIN_MS;
  while (performance.now() < end) {
    await showMails();
    if (links() > before) return say("A mail has arrived. Its link leads on.");
    await pause(EVERY_MS);
  }
  say("No mail has arrived. The answer is the same for every name.");
}

onPress(byId("forgot"), () => askForMail(() => account.askReset(byId("username").value)));

onSubmit(byId("change-address"), () =>
  askForMail(() =>
    account.changeAddress({ email: byId("new-address").value, current_password: byId("own-password").value }),
  ),
);

onPress(byId("look"), async () => {
  await showMails();
  say(`There are ${shown.length} mails.`);
});

byId("own-password").value = facts.password;
