// Loaded before a server: its clock is the machine's, plus the seconds in a file, which the scenario changes.
import { readFileSync } from "node:fs";

const Machine = globalThis.Date;
const file = process.env.PEER_CLOCK;
const now = () => Math.floor(Machine.now() + 1000 * Number(readFileSync(file, "utf8")));

globalThis.Date = class Date extends Machine {
  constructor(...given) {
    super(...(given.length ? given : [now()]));
  }

  static now() {
    return now();
  }
};
