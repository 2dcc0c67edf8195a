// The sign-in of this page, as any page makes it. The page server passes /api on to the API.

import { createAuth } from "./edge-auth.js";

export const auth = createAuth({ url: "/api" });
