// The card of the mails: a forgotten password, another address, and the mailboxes of this machine.

import { account } from "./auth.js";
import { facts, mails } from "./page_server.js";
import { byId, element, onPress, onSubmit, pause, say } from "./screen.js";

const WITHIN_MS = 60_000; // the mailer may start first
const EVERY_MS = 500;
const LINK = /(https?:\/\/\S+)/;

const list = byId("mails");

/** Show all mails, and return how many there are. */
export async function showMails() {
  const { mails: found } = await mails();
  list.replaceChildren(...found.map((mail, index) => row(mail, found.length - index)));
  byId("no-mails").hidden = found.length > 0;
  return found.length;
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
  const before = await showMails();
  await ask();
  say("The mail is on its way.");
  const end = performance.now() + WITHIN_MS;
  while (performance.now() < end) {
    if ((await showMails()) > before) return say("A mail has arrived. Its link leads on.");
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
  const count = await showMails();
  say(`There are ${count} mails.`);
});

byId("own-password").value = facts.password;
