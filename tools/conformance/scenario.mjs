import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LmdbStoreEngine } from '@millrace/lmdb';
import { json, topic, utf8 } from '@millrace/streams';
import { TopologyTestDriver } from '@millrace/streams/testing';
import { sameRecords } from './compare.mjs';
import { buildTopology } from './topology.mjs';
import { UnknownInScenario } from './values.mjs';

const isWindowed = (key) => typeof key === 'object' && key !== null && 'startMs' in key;

function record(topicName, { key, value, timestampMs, headers }) {
  const window = isWindowed(key) ? { startMs: key.startMs, endMs: key.endMs } : null;
  return {
    topic: topicName,
    key: window === null ? key : key.key,
    value,
    timestampMs,
    window,
    headers: headers.map((each) => [each.key, each.value === null ? null : String(each.value)]),
  };
}

/** Runs what one step does; tells what to compare with what it expects. */
async function perform(step, driver, sinks) {
  if (step.pipe !== undefined) {
    const { topic: name, key, value, timestampMs, headers = [] } = step.pipe;
    const carried = headers.map(([header, text]) => ({ key: header, value: text === null ? null : Buffer.from(text) }));
    await driver.input(topic(name, utf8, json())).pipe(key, value, { timestampMs, headers: carried });
  } else if (step.advanceWallClockMs !== undefined) {
    await driver.advanceWallClock(step.advanceWallClockMs);
  } else if (step.restart === true) {
    driver.restart();
  } else if (step.store === undefined) {
    throw new UnknownInScenario(`the step is not known: ${Object.keys(step).join(', ')}`);
  }
  return [...sinks].flatMap(([name, sink]) =>
    driver
      .output(sink)
      .readRecords()
      .map((each) => record(name, each)),
  );
}

/** The entries of a store in the form that a step gives them. */
function entriesOf(driver, name) {
  return [...driver.store(name).entries()].map(([key, { value, timestampMs }]) => {
    const window = isWindowed(key) ? { startMs: key.startMs, endMs: key.endMs } : null;
    return { key: window === null ? key : key.key, value, timestampMs, window };
  });
}

/**
 * Runs one scenario through the topology test driver, in `order` over so many `partitions`; with `restartsEverywhere` each step
 * is followed by a restart. `engine` keeps the stores that name none.
 *
 * @returns undefined when every step emitted what it should, else what went wrong: the step's index from 0 (undefined when
 *   the topology could not be built), what was expected and what came.
 */
export async function runScenario(
  scenario,
  { order = 'synchronous', partitions = 1, restartsEverywhere = false, engine = 'memory' } = {},
) {
  const directory = await mkdtemp(path.join(tmpdir(), 'millrace-conformance-'));
  const storeEngines = {
    default: engine,
    byName: new Map([['lmdb', new LmdbStoreEngine({ directory, flush: false })]]),
  };
  let index;
  let driver;
  try {
    const { topology, sinks } = buildTopology(scenario.topology);
    driver = new TopologyTestDriver(topology, { order, partitions, storeEngines, streamTime: 'topology' });
    for (const [at, step] of scenario.steps.entries()) {
      index = at;
      const emitted = await perform(step, driver, sinks);
      const { expect = [] } = step;
      if (
        !sameRecords(
          partitions > 1 && scenario.order !== 'set' ? 'perKey' : (scenario.order ?? 'exact'),
          expect,
          emitted,
        )
      )
        return { step: at, expected: expect, actual: emitted };
      if (restartsEverywhere) driver.restart();
      if (step.store === undefined) continue;
      const entries = entriesOf(driver, step.store);
      if (!sameRecords('set', step.entries, entries)) return { step: at, expected: step.entries, actual: entries };
    }
    return undefined;
  } catch (cause) {
    return { step: index, expected: 'no error', actual: String(cause.message ?? cause) };
  } finally {
    driver?.close();
    await rm(directory, { recursive: true, force: true });
  }
}
