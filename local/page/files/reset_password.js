// The page that a mail for a forgotten password leads to.

import { onSend } from "./mailed.js";

const { new_password, second } = document.querySelector("form").elements;

/** What the user types of a second factor: a code of the app has six digits. */
function factor() {
  const code = second.value.trim();
  if (!code) return {};
  return /^\d{6}$/.test(code) ? { otp: code } : { recovery_code: code };
}

onSend(
  "/auth/password/reset/confirm",
  (mailed) => ({ ...mailed, new_password: new_password.value, ...factor() }),
  "Your new password is set, and all your sessions have ended. Log in with it.",
  (code) => {
    if (code !== "mfa_required") return;
    document.querySelector(".second").hidden = false;
    second.focus();
  },
);
