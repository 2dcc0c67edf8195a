// The page that the mail to the old address leads to, after a change.

import { onSend } from "./mailed.js";

const { password } = document.querySelector("form").elements;

onSend(
  "/auth/email/undo",
  (mailed) => ({ ...mailed, password: password.value }),
  "Your old address is back. Your password and all sessions have ended. A mail lets you set a new password.",
);
