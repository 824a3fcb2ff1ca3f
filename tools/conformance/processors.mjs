/**
 * The processors that scenarios name. The format gives their names alone; what they do is this runner's reading of them:
 *
 * - `last-seen` keeps the last value of each key in a store, and passes on what a key's value was before: null for the first
 *   record of a key, and after one with a null value. The record's key, time and headers stay. A null key is dropped.
 * - `punctuate-count` counts the records of each key, those with a null value too, in a store. Every `everyMs` of stream time or
 *   wall-clock time (`by`: `stream-time` or `wall-clock`) it passes on what every key counts so far, in order of the keys' bytes;
 *   the time of such a record is that of the turn. Counts are not reset. A null key is dropped.
 *
 * A processor with settings is written `{ "punctuate-count": { "everyMs": 10, "by": "stream-time" } }`; the same as one text,
 * `punctuate-count:{"everyMs":10,"by":"stream-time"}`, is understood too.
 */
import { json, keyValueStore, utf8 } from '@millrace/streams';
import { UnknownInScenario } from './values.mjs';

const value = json();

function lastSeen(store) {
  return {
    process({ key, value: seen }, context) {
      if (key === null) return undefined;
      const values = context.store(store);
      const before = values.get(key) ?? null;
      values.put(key, seen);
      return context.forward(key, before);
    },
  };
}

const inBytes = ([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other));

function punctuateCount(store, { everyMs, by }) {
  return {
    init(context) {
      context.schedule(everyMs, by, async (timestampMs) => {
        const counts = [...context.store(store).entries()].sort(inBytes);
        for (const [key, { value: count }] of counts) await context.forward(key, count, { timestampMs });
      });
    },
    process({ key }, context) {
      if (key === null) return;
      const counts = context.store(store);
      counts.put(key, (counts.get(key) ?? 0) + 1);
    },
  };
}

/** The name and settings of what a node's `processor` says. */
function named(processor) {
  if (typeof processor === 'object' && processor !== null) {
    const [[name, settings] = [], ...others] = Object.entries(processor);
    if (others.length === 0) return { name, settings };
  }
  const [, name, settings] = /^([\w-]+)(?::(\{.*\}))?$/s.exec(String(processor)) ?? [];
  try {
    return { name, settings: settings === undefined ? undefined : JSON.parse(settings) };
  } catch {
    throw new UnknownInScenario(`the settings of the processor '${name}' are not JSON`);
  }
}

function timing(settings) {
  const { everyMs, by, ...rest } = settings ?? {};
  const isKnown = Number.isInteger(everyMs) && everyMs > 0 && ['stream-time', 'wall-clock'].includes(by);
  if (isKnown && Object.keys(rest).length === 0) return { everyMs, by };
  throw new UnknownInScenario("a punctuate-count needs 'everyMs' above 0 and 'by': stream-time or wall-clock");
}

/**
 * The supplier of a scenario's processor, with `options` for its store.
 *
 * @throws {UnknownInScenario} when its name or its settings are not known.
 */
export function processorOf(processor, { store: name, ...options }) {
  const { name: kind, settings } = named(processor);
  const store = keyValueStore(name, { key: utf8, value, ...options });
  if (kind === 'last-seen' && settings === undefined) {
    return { stores: [store], create: () => lastSeen(store) };
  }
  if (kind === 'punctuate-count') {
    const every = timing(settings);
    return { stores: [store], create: () => punctuateCount(store, every) };
  }
  throw new UnknownInScenario(`the processor '${JSON.stringify(processor)}' is not known`);
}
