/** What the contenders written in JavaScript share: their work, how they report, and the table that `enrich` looks things up in. */
import { segmentOf, USERS } from '../workloads/events.mjs';

/** The last argument, as `harness/contender-process.mjs` gives it. */
export const work = JSON.parse(process.argv.at(-1));

export function say(event, more = {}) {
  console.log(JSON.stringify({ event, ...more }));
}

/** From user to segment. */
export function segments() {
  return new Map(Array.from({ length: USERS }, (_each, n) => [`user-${n}`, segmentOf(`user-${n}`)]));
}

/** The enriched event as bytes, from those of the event. */
export function enriched(table, bytes) {
  const event = JSON.parse(bytes.toString());
  event.segment = table.get(event.user);
  return JSON.stringify(event);
}

/** Ends the process in order when it is asked to. */
export function onStop(stop) {
  process.once('SIGTERM', () => void stop().then(() => process.exit(0)));
}
