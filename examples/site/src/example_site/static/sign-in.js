// A login is JSON with a header of its own, so that no page of another site can send one (CSRF).
const form = document.querySelector("#sign-in");
const problem = document.querySelector("#problem");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.textContent = "";
  const { username, password } = Object.fromEntries(new FormData(form));
  try {
    const answer = await fetch("/auth/login", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Edge-Auth": "1" },
      body: JSON.stringify({ username, password, transport: "session" }),
    });
    if (answer.ok) location.assign("/account");
    else problem.textContent = (await answer.json()).error_description;
  } catch {
    problem.textContent = "The site cannot be reached. Try again.";
  }
});
