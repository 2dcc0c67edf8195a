// One of the eight tabs: it starts as every page does, calls an API, and tells the page around it how that went.

import { auth } from "./auth.js";

const state = document.getElementById("state");

try {
  const signedIn = await auth.restore();
  const response = await auth.fetch("/api/me");
  state.textContent = signedIn && response.ok ? "signed in" : "signed out";
} catch (error) {
  state.textContent = error.name === "Unavailable" ? "not available" : "failed";
}
parent.postMessage(state.textContent, location.origin);
