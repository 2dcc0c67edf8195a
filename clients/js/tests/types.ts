// An app that uses everything. TypeScript checks it with --strict against edge-auth.d.ts; it is never run.

import { createAuth, Refused, Unavailable, type Auth, type Session } from "edge-auth-client";

const apis = [new URL("https://api.example.com")];
const auth: Auth = createAuth({ url: "https://auth.example.com", apis, name: "shop" });

const unsubscribe: () => void = auth.subscribe((session: Session) => {
  const shown: string = session === undefined ? "…" : session === null ? "signed out" : session.id;
  console.log(shown);
});

export async function start(): Promise<void> {
  const signedIn: boolean = await auth.restore();
  if (!signedIn) await auth.login({ username: "ada", password: "correct horse battery staple" });
  const token: string | null = await auth.token();
  const response: Response = await auth.fetch("https://api.example.com/orders", { method: "POST", body: token });
  console.log(response.status);
  await auth.logout();
  await auth.logout({ all: true });
  unsubscribe();
}

export function explain(error: unknown): string {
  if (error instanceof Unavailable) return `again in ${error.retryAfter.toFixed()} s`;
  if (error instanceof Refused) return `${error.status.toFixed()} ${error.code.toUpperCase()}`;
  return "unknown";
}

// @ts-expect-error: the address is needed
createAuth({});
// @ts-expect-error: the session is only read
auth.session = null;
// @ts-expect-error: a login needs a password
void auth.login({ username: "ada" });
// @ts-expect-error: a token may be null
auth.token().then((token: string) => token);
// @ts-expect-error: what only tests use is not public
createAuth({ url: "https://auth.example.com" }, {});
