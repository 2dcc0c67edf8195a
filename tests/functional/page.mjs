// A page in a browser, for Node: the client for browsers against a server at a real address. It prints what it met.
//
// The network is Node's. What a browser adds is here: one cookie jar, the headers Origin and Sec-Fetch-Site, preflight
// requests, and the refusal to show a page an answer that it may not read.

import { createAuth } from "../../clients/js/edge-auth.js";

const [url, origin, username, password] = process.argv.slice(2);
const network = globalThis.fetch;
const SIMPLE_TYPES = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
const jar = new Map();
const seen = { preflights: 0, bodies: [], kept: [] };
let page = origin;

/** Refuse, as a browser refuses to send a request or to show its answer. */
function check(allowed, why) {
  if (!allowed) throw new TypeError(`blocked by CORS: ${why}`);
}

function checkOrigin(headers, withCookies) {
  const allowed = headers.get("Access-Control-Allow-Origin");
  check(allowed === page || (allowed === "*" && !withCookies), "origin");
  check(!withCookies || headers.get("Access-Control-Allow-Credentials") === "true", "credentials");
}

async function preflight(request, names, withCookies) {
  const asked = { Origin: page, "Access-Control-Request-Method": request.method };
  if (names.length) asked["Access-Control-Request-Headers"] = names.join(",");
  const answer = await network(request.url, { method: "OPTIONS", headers: asked });
  seen.preflights += 1;
  check(answer.ok, "status of the preflight request");
  checkOrigin(answer.headers, withCookies);
  const list = (name) => (answer.headers.get(name) ?? "").split(",").map((word) => word.trim().toLowerCase());
  check(list("Access-Control-Allow-Methods").includes(request.method.toLowerCase()), "method");
  for (const name of names) check(list("Access-Control-Allow-Headers").includes(name), name);
}

globalThis.fetch = async (input, init = {}) => {
  const request = new Request(input, { ...init, cache: undefined });
  const withCookies = (init.credentials ?? request.credentials) === "include";
  const type = request.headers.get("Content-Type") ?? "";
  const unusual = [...request.headers.keys()].filter((name) => name !== "content-type" || !SIMPLE_TYPES.includes(type));
  if (unusual.length) await preflight(request, unusual, withCookies);
  const headers = new Headers(request.headers);
  headers.set("Origin", page);
  headers.set("Sec-Fetch-Site", "same-site");
  if (withCookies && jar.size) headers.set("Cookie", [...jar].map((pair) => pair.join("=")).join("; "));
  const body = request.method === "GET" ? undefined : await request.text();
  const answer = await network(request.url, { method: request.method, headers, body });
  for (const cookie of withCookies ? answer.headers.getSetCookie() : []) {
    const [pair, ...attributes] = cookie.split("; ");
    const [name, ...value] = pair.split("=");
    seen.kept.push(`${name} ${attributes.slice(0, 4).join(" ")}`);
    if (attributes.includes("Max-Age=0")) jar.delete(name);
    else jar.set(name, value.join("="));
  }
  checkOrigin(answer.headers, withCookies);
  const text = await answer.text();
  seen.bodies.push(text);
  const exposed = (answer.headers.get("Access-Control-Expose-Headers") ?? "").split(", ");
  const readable = [...answer.headers].filter(([name]) => exposed.some((word) => word.toLowerCase() === name));
  return new Response(text || null, { status: answer.status, headers: readable });
};

const refusal = (promise) => promise.then(() => "none", (error) => error.code ?? error.message);

const auth = createAuth({ url });
const told = { before: await auth.restore() };
told.wrong = await refusal(auth.login({ username, password: "wrong" }));
await auth.login({ username, password });
told.session = auth.session.id;
told.me = (await (await auth.fetch(`${url}/me`)).json()).sid;
told.cookies = [...jar.keys()];

const reloaded = createAuth({ url, name: "reloaded" });
told.restored = await reloaded.restore();
told.restoredSession = reloaded.session.id;

page = "https://evil.example.com";
told.stranger = await refusal(fetch(`${url}/auth/refresh`, {
  method: "POST",
  headers: { "Content-Type": "application/json", "X-Edge-Auth": "1" },
  body: "{}",
  credentials: "include",
}));
page = origin;

await reloaded.logout();
told.after = [...jar.keys()];
const refused = await reloaded.fetch(`${url}/me`);
told.refused = [refused.status, refused.headers.get("WWW-Authenticate")];
console.log(JSON.stringify({ ...told, ...seen }));
process.exit(0);
