// Time that moves only when a test says so.

/** A clock with timers. Everything that waits in a test waits here. */
export class Time {
  nowMs = 0;
  #timers = [];
  #count = 0;

  /** Do something after some time. */
  after(ms, act) {
    this.#timers.push({ atMs: this.nowMs + Math.max(0, ms), number: this.#count++, act });
    this.#timers.sort((one, other) => one.atMs - other.atMs || one.number - other.number);
  }

  /** Let time pass, and do everything that is due in it. */
  async pass(ms) {
    const endMs = this.nowMs + ms;
    await settled();
    while (this.#timers.length && this.#timers[0].atMs <= endMs) {
      const { atMs, act } = this.#timers.shift();
      this.nowMs = atMs;
      act();
      await settled();
    }
    this.nowMs = endMs;
  }
}

/** Let every promise run on that can run on without time. */
async function settled() {
  await new Promise(setImmediate);
  await new Promise(setImmediate);
}

/** Return random numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
