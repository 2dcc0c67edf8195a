// An app that uses everything. TypeScript checks it with --strict against edge-auth.d.ts; it is never run.

import { createAuth, Refused, Unavailable, type Auth, type Session } from "edge-auth-client";
import { createAccount } from "edge-auth-client/account";
import { createPasskeys } from "edge-auth-client/passkeys";

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

export async function secondStep(username: string, password: string, otp: string): Promise<void> {
  try {
    await auth.login({ username, password });
  } catch (error) {
    if (!(error instanceof Refused) || !error.answer.mfa_token) throw error;
    await auth.login({ username, mfa_token: error.answer.mfa_token, otp });
  }
}

const account = createAccount({ url: "https://auth.example.com", auth });
const passkeys = createPasskeys({ url: "https://auth.example.com", auth });

export async function keepAccount(proof: string, otp: string): Promise<readonly string[]> {
  await account.askReset("ada");
  await account.reset({ proof, new_password: "correct horse battery staple", otp });
  await account.reset({ username: "ada", code: "12345678", new_password: "correct horse battery staple" });
  const { email }: { email: string | null } = await account.address();
  if (email === null) await account.changeAddress({ email: "ada@example.com", current_password: "…" });
  await account.confirmAddress({ proof });
  await account.undoAddress({ proof });
  await account.stepUp({ recovery_code: "…" });
  await passkeys.register();
  await passkeys.stepUp();
  const { enrolment, qr_svg } = await account.beginApp();
  console.log(qr_svg);
  return account.confirmApp({ enrolment, otp });
}

export async function passkeyStep(error: Refused): Promise<void> {
  if (error.answer.methods?.includes("passkey")) await passkeys.signIn({ asked: error.answer });
}

export function explain(error: unknown): string {
  if (error instanceof Unavailable) return `again in ${error.retryAfter.toFixed()} s`;
  if (error instanceof Refused) return `${error.status.toFixed()} ${error.code.toUpperCase()}`;
  return "unknown";
}

// @ts-expect-error: the address is needed
createAuth({});
// @ts-expect-error: a login has one proof of its user in the first place
void auth.login({ username: "ada", password: "…", mfa_token: "…" });
// @ts-expect-error: a reset has what came by mail
void account.reset({ new_password: "…" });
// @ts-expect-error: the session is only read
auth.session = null;
// @ts-expect-error: a login needs a password
void auth.login({ username: "ada" });
// @ts-expect-error: a token may be null
auth.token().then((token: string) => token);
// @ts-expect-error: what only tests use is not public
createAuth({ url: "https://auth.example.com" }, {});
