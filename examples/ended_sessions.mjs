// Refuses the access tokens of ended sessions: a `customJwtCheck` for aws-jwt-verify. Copy it:
// docs/guides/other-verifiers.md explains it.
//
//   const customJwtCheck = endedSessions("https://login.example.com/.well-known/ended-sessions");
//   const verifier = JwtVerifier.create({ issuer, audience, jwksUri, customJwtCheck });

const WAIT_MS = 1000; // no request waits longer for the answer
const RETRY_MS = 2000; // after a failure
const OLDEST_MS = 30_000; // an older answer is of a cache that keeps it for too long

export class SessionEnded extends Error {} // answer it with 401, as any other token that is not valid
export class EndedSessionsUnknown extends Error {} // answer it with 503; thrown only if `failsOpen` is false

export function endedSessions(url, { intervalMs = 5000, failsOpen = true } = {}) {
  let refused = new Map(); // until when each entry and each kid is refused
  let windowMs = Infinity;
  let [readAt, failedAt] = [-Infinity, -Infinity];
  let reading; // requests that come during a read share it

  // A clock that was set back is no reason to wait.
  const isWithin = (ms, since) => Date.now() >= since && Date.now() - since <= ms;

  async function read() {
    const began = Date.now();
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(WAIT_MS) });
      if (!response.ok) throw new Error(`status ${response.status}`);
      const answer = await response.json();
      if (!(Math.abs(began - answer.as_of * 1000) <= OLDEST_MS)) throw new Error("the answer is old");
      const known = [...refused].filter(([, until]) => until > began);
      const listed = [...answer.sids, ...(answer.kids ?? [])];
      refused = new Map([...known, ...listed.map((entry) => [entry, began + answer.window * 1000])]);
      [windowMs, readAt] = [answer.window * 1000, began];
    } catch (error) {
      failedAt = Date.now();
      console.warn(`the ended sessions could not be read: ${error}`);
    }
  }

  return async ({ header, payload }) => {
    if (!isWithin(intervalMs, readAt) && !isWithin(RETRY_MS, failedAt)) {
      await (reading ??= read().finally(() => (reading = undefined)));
    }
    if (refused.has(payload.sid.slice(0, 11)) || refused.has(header.kid)) throw new SessionEnded("the session has ended");
    if (Date.now() - payload.iat * 1000 > windowMs - 60_000) throw new SessionEnded("the token is older than the list");
    if (!isWithin(intervalMs, readAt) && !failsOpen) throw new EndedSessionsUnknown("the ended sessions are unknown");
  };
}
