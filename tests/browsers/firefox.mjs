// Drives Firefox through the facts that test_firefox.py checks, and prints what it saw as JSON.
//
// Playwright drives only a Firefox that it has built itself. Puppeteer drives the one that users have, by WebDriver BiDi.

import puppeteer from "puppeteer-core";

const [executablePath, app, neighbour, stranger, api, username, password] = process.argv.slice(2);
const ROUTES = ["/auth/login", "/auth/refresh", "/auth/logout"];
const COOKIE = "__Host-Http-refresh";
const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true });

/** Open a tab. With the app in it, wait for the client. */
async function open(address) {
  const tab = await browser.newPage();
  await tab.goto(address);
  if (address.startsWith(app)) await tab.waitForFunction("window.auth");
  return tab;
}

/** Return what the browser keeps of our cookies. */
async function cookies() {
  const all = await browser.defaultBrowserContext().cookies();
  const kept = all.filter(({ name }) => name.startsWith("__Host-"));
  return kept.map(({ name, value, domain, path, secure, httpOnly, sameSite, expires }) => ({
    name, value, domain, path, secure, httpOnly, sameSite, lifeSeconds: expires - Date.now() / 1000,
  }));
}

const value = async () => (await cookies()).find(({ name }) => name === COOKIE)?.value;
const login = (tab) => tab.evaluate((credentials) => auth.login(credentials), { username, password });
const restored = async (tab) => [await tab.evaluate(() => auth.restore()), await tab.evaluate(() => auth.session?.id)];

/** Fetch as a page of another origin, and return what it may see. */
function fetched(tab, path, options) {
  return tab.evaluate(
    (address, init) => fetch(address, init).then((answer) => [answer.type, answer.status], (error) => error.name),
    api + path,
    options,
  );
}

/** Try to use the cookie from another page: forms, and fetches with and without a preflight request. */
async function attack(origin) {
  const tab = await open(`${origin}/`);
  const seen = [];
  const body = JSON.stringify({ username: "bob", password, transport: "cookie", all: true });
  for (const route of ROUTES) {
    for (const policy of ["origin", "no-referrer"]) {
      const moved = tab.waitForNavigation();
      await tab.evaluate((address, referrer) => {
        document.head.insertAdjacentHTML("beforeend", `<meta name="referrer" content="${referrer}">`);
        document.body.innerHTML = `<form method="POST" action="${address}"><input name="refresh_token" value="x"></form>`;
        document.forms[0].submit();
      }, api + route, policy);
      await moved;
      await tab.goto(`${origin}/`);
    }
    const plain = { method: "POST", credentials: "include", body };
    seen.push(await fetched(tab, route, { ...plain, mode: "no-cors" }));
    const headers = { "Content-Type": "application/json", "X-Edge-Auth": "1" };
    seen.push(await fetched(tab, route, { ...plain, headers }));
  }
  const reads = [
    await fetched(tab, "/me", { mode: "no-cors" }),
    await fetched(tab, "/me", { credentials: "include" }),
    await fetched(tab, "/me", { headers: { Authorization: "Bearer x.y.z" } }),
    await fetched(tab, "/.well-known/jwks.json", {}),
  ];
  await tab.close();
  return { seen, reads };
}

/** Follow a link from another site's page to the app. */
async function followed(address) {
  const tab = await open(`${stranger}/`);
  await tab.evaluate((href) => { document.body.innerHTML = `<a href="${href}">Open</a>`; }, address);
  await Promise.all([tab.waitForNavigation(), tab.click("a")]);
  await tab.waitForFunction("window.begun");
  const outcome = [await tab.evaluate(() => begun), await tab.evaluate(() => auth.session?.id)];
  await tab.close();
  return outcome;
}

const told = {};
try {
  const tab = await open(`${app}/`);
  const write = (name) => tab.evaluate((text) => { document.cookie = text; }, `${name}=forged; Path=/; Secure`);
  await write(COOKIE);
  told.madeByScript = await cookies();
  await login(tab);
  told.session = await tab.evaluate(() => auth.session.id);
  told.cookies = await cookies();
  told.readable = await tab.evaluate(() => document.cookie);
  const before = await value();
  await write(COOKIE);
  told.unchanged = (await value()) === before;
  await write("__Host-other");
  told.otherByScript = (await cookies()).some(({ name }) => name === "__Host-other");

  await tab.reload();
  await tab.waitForFunction("window.auth");
  told.reloaded = await restored(tab);
  const kept = await value();
  told.stranger = await attack(stranger);
  told.neighbour = await attack(neighbour);
  told.keptThroughAttacks = (await value()) === kept;
  told.byLink = await followed(`${app}/restoring`);
  told.byRedirects = await followed(`${stranger}/to/${stranger}/to/${app}/restoring`);

  const other = await open(`${app}/`);
  told.other = await restored(other);
  await other.bringToFront();
  await tab.evaluate(() => auth.logout());
  await other.waitForFunction("auth.session === null");
  told.otherCall = await other.evaluate(() => me());
  told.cookiesAfterLogout = (await cookies()).map(({ name }) => name);
} finally {
  await browser.close();
}
console.log(JSON.stringify(told));
