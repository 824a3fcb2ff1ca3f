import { soak as measure, SOAK_COLUMNS } from '../harness/soak.mjs';
import { eventOf, jsonOf, PARTITIONS } from './events.mjs';
import { WindowTotals } from './window-totals.mjs';

const MINUTE_MS = 60_000;
/** Windows that a store holds, the current one included. */
const KEPT_WINDOWS = 3;
/** As many come and go at least, so that the state is as large as it ever gets when the first third of the time is over. */
const LEAST_WINDOWS = 10;
/** Memory in the last third may be so many times that of the middle third. */
const FLAT = 1.05;
/** A contender may be behind by so many seconds of events when the last one is sent. */
const MAX_BEHIND_SECONDS = 5;

/**
 * The work of `aggregate` for a long time: windows of a minute come and go, so the state stays as large as it is, and memory should.
 *
 * Event time is that of the clock; in less than ten minutes it runs faster, so that ten windows pass.
 */
export const soak = {
  name: 'soak',
  partitions: PARTITIONS,
  defaults: { minutes: 10, rate: 20_000, rounds: 1 },
  peers: [],
  /** Segments are small enough to be deleted soon, and changelogs are cleaned. */
  broker: {
    'log.segment.bytes': 16 * 1024 * 1024,
    'log.segment.delete.delay.ms': 1_000,
    'log.retention.check.interval.ms': 10_000,
    'log.cleaner.enable': true,
  },
  work: { retentionMs: KEPT_WINDOWS * MINUTE_MS },
  async prepare(_cluster, { records, bytes, rate, minutes }) {
    const windowSeconds = Math.min(60, (minutes * 60) / LEAST_WINDOWS);
    const recordsPerWindow = Math.ceil(windowSeconds * rate);
    const shape = { recordsPerWindow, totalRecords: records };
    return {
      expected: answerOf({ counted: records, mistakes: 0 }),
      totalRecords: records,
      begin() {
        const baseMs = Date.now() - (Date.now() % MINUTE_MS);
        return {
          records: soakRecords(records, bytes, { baseMs, recordsPerWindow }),
          totals: totalsFrom(baseMs, shape),
        };
      },
    };
  },
  async measure(run) {
    await run.cluster.createTopic(run.work.input, PARTITIONS);
    return measure(run);
  },
  answer: async (_run, figures) => answerOf(figures),
  verdicts({ middleMiB, lastMiB, growth, backlog }, { rate }) {
    const mebibytes = `${lastMiB.toFixed(1)} MiB in the last third of the time after ${middleMiB.toFixed(1)} MiB in the middle third`;
    return [
      growth <= FLAT
        ? { isGood: true, text: `memory is flat: ${mebibytes}, ${growth.toFixed(3)} times (at most ${FLAT})` }
        : {
            isGood: false,
            text: `memory is not flat: ${mebibytes}, ${growth.toFixed(3)} times, and ${FLAT} is the most`,
          },
      backlog <= MAX_BEHIND_SECONDS * rate
        ? { isGood: true, text: `it kept up: ${backlog} events behind when the last one was sent` }
        : {
            isGood: false,
            text: `it did not keep up: ${backlog} events behind when the last one was sent, so its memory says little; lower --rate`,
          },
    ];
  },
  columns: SOAK_COLUMNS,
  ratios: ['lastMiB', 'cores', 'lastP50Ms', 'lastP99Ms'],
};

function answerOf({ counted, mistakes, firstMistake }) {
  return `${counted} events in the totals, ${mistakes} wrong totals${firstMistake === undefined ? '' : `, the first: ${firstMistake}`}`;
}

/** Events of which as many in a row belong to one window as `recordsPerWindow` says, the first window at `baseMs`. */
function* soakRecords(count, bytes, { baseMs, recordsPerWindow }) {
  for (let n = 0; n < count; n++) {
    const event = eventOf(n);
    const timestampMs = baseMs + Math.floor((n / recordsPerWindow) * MINUTE_MS);
    yield { key: Buffer.from(event.user), value: Buffer.from(jsonOf(event, bytes)), timestampMs };
  }
}

/** Reads results, `user-N@START` with count and sum, and checks them. */
function totalsFrom(baseMs, shape) {
  const totals = new WindowTotals(shape);
  return {
    take({ buffer, keyStart, keyEnd, valueStart, valueEnd }) {
      const [user, startMs] = buffer.latin1Slice(keyStart + 'user-'.length, keyEnd).split('@');
      const total = JSON.parse(buffer.latin1Slice(valueStart, valueEnd));
      return totals.take(Number(user), (Number(startMs) - baseMs) / MINUTE_MS, total);
    },
    get counted() {
      return totals.counted;
    },
    get mistakes() {
      return totals.mistakes;
    },
    get firstMistake() {
      return totals.firstMistake;
    },
  };
}
