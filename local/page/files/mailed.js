// What the three pages of links in mails share. Copy it with them, and name the address of your API.

const API = "/api";

const TEXTS = {
  invalid_proof: "This link or code is not good any more. Ask for another mail.",
  mfa_required: "Type the code of your app, too.",
};

const form = document.querySelector("form");
const says = document.querySelector("[role=status]");
const { username, code } = form.elements;

let proof = "";

/** Take the proof out of the address at once: neither the history nor a copy of the address has it then. */
function take() {
  if (!location.hash) return;
  proof = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  for (const field of document.querySelectorAll(".by-code")) field.hidden = true;
}

take();
addEventListener("hashchange", take); // another link was opened in this tab

/** What came by mail: the proof of the link, or the code that the user has typed. */
function mailed() {
  return proof ? { proof } : { username: username.value, code: code.value.trim() };
}

/** Send a request. Return null if it has succeeded, or the error of the answer. */
async function send(path, body) {
  try {
    const answer = await fetch(API + path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
    });
    return answer.ok ? null : await answer.json();
  } catch {
    return { error_description: "No answer came. Press the button again." };
  }
}

/**
 * Send a request when the user presses the button, and never before: scanners of mail open links.
 *
 * @param {string} path the route
 * @param {(mailed: object) => object} body returns the body of the request
 * @param {string} done what the page says in the end
 * @param {(code: string) => void} [refused] is told of a refusal
 */
export function onSend(path, body, done, refused = () => {}) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    says.textContent = "Sending …";
    const failure = await send(path, body(mailed()));
    form.hidden = !failure;
    says.textContent = failure ? (TEXTS[failure.error] ?? failure.error_description) : done;
    if (failure) refused(failure.error);
  });
}
