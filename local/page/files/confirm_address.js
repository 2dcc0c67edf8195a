// The page that a mail to a new address leads to.

import { onSend } from "./mailed.js";

onSend("/auth/email/confirm", (mailed) => mailed, "Your address is confirmed.");
