// The sign-in of this page, as any page makes it. The page server passes /api on to the API.

import { createAuth } from "./edge-auth.js";
import { createAccount } from "./edge-auth-account.js";
import { createPasskeys } from "./edge-auth-passkeys.js";

const url = "/api";

export const auth = createAuth({ url });
export const account = createAccount({ url, auth });
export const passkeys = createPasskeys({ url, auth });
