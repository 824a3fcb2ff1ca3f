import { describe, expect, it } from '@jest/globals';
import { MemoryStoreEngine, TopologyTestDriver } from '../testing/index.js';
import {
  TopologyBuilder,
  customStore,
  json,
  keyValueStore,
  sessionStore,
  topic,
  utf8,
  versionedStore,
  windowStore,
  type ChangelogWriter,
  type Outcome,
  type ProcessorContext,
  type StateStore,
  type StreamRecord,
} from '../index.js';
import type { StoreDefinition } from './store-definitions.js';

const input = topic('readings', utf8, json<number>());
const output = topic('answers', utf8, json<unknown>());
const serdes = { key: utf8, value: json<number>() };

type Handle = (record: StreamRecord<string, number>, context: ProcessorContext<string, unknown>) => Outcome;

function driverOf(stores: readonly StoreDefinition[], handle: Handle, engine?: MemoryStoreEngine): TopologyTestDriver {
  const builder = new TopologyBuilder('stores');
  builder
    .stream('readings', input)
    .process('handle', { stores, create: () => ({ process: handle }) }, { key: utf8, value: json<unknown>() })
    .to('answers', output);
  if (engine === undefined) return new TopologyTestDriver(builder.build());
  return new TopologyTestDriver(builder.build(), {
    storeEngines: { default: 'memory', byName: new Map([['disk', engine]]) },
  });
}

/** Counts keys without remembering them: one register of the greatest run of leading zeros, as a sketch would have. */
class GreatestStore implements StateStore {
  readonly name = 'greatest';
  #committed = 0;
  #pending: number | undefined;
  #before: number | undefined;

  constructor(private readonly changelog: ChangelogWriter | undefined) {}

  get greatest(): number {
    return this.#pending ?? this.#committed;
  }

  see(value: number, timestampMs: number): void {
    if (value <= this.greatest) return;
    this.#pending = value;
    this.changelog?.append(Buffer.from('greatest'), Buffer.from(String(value)), timestampMs);
  }

  restore(buffer: Buffer, _keyStart: number, _keyEnd: number, valueStart: number, valueEnd: number): void {
    this.#committed = Number(buffer.toString('utf8', valueStart, valueEnd));
  }

  commit(): void {
    this.#committed = this.greatest;
    this.#pending = undefined;
  }

  rollback(): void {
    this.#pending = undefined;
  }

  beginRecord(): void {
    this.#before = this.#pending;
  }

  undoRecord(): void {
    this.#pending = this.#before;
  }

  size(): number {
    return 1;
  }
}

describe('stores of processors', () => {
  it('opens each kind of store with its own type, also where an engine keeps it, and across restarts', async () => {
    for (const engine of ['memory', 'disk']) {
      const total = keyValueStore('total', { ...serdes, engine });
      const history = versionedStore('history', { ...serdes, engine, history: '1m' });
      const hours = windowStore('hours', { ...serdes, engine, size: '10ms', retention: '1m' });
      const visits = sessionStore('visits', { ...serdes, engine, retention: '1m' });
      const handle: Handle = ({ key, value, timestampMs }, context) => {
        const sum = (context.store(total).get(key) ?? 0) + value;
        context.store(total).put(key, sum);
        context.store(history).put(key, value, timestampMs);
        context.store(hours).put(key, Math.floor(timestampMs / 10) * 10, value, timestampMs);
        context.store(visits).put({ key, startMs: timestampMs, endMs: timestampMs, value });
        return context.forward(key, {
          sum,
          before: context.store(history).rowAsOf(key, timestampMs - 1)?.value ?? null,
          windows: [...context.store(hours).fetch(key, 0, timestampMs)].length,
          visits: context.store(visits).find(key, 0, timestampMs).length,
        });
      };
      const driver = driverOf([total, history, hours, visits], handle, new MemoryStoreEngine());
      await driver.input(input).pipe('a', 5, { timestampMs: 3 });
      driver.restart();
      await driver.input(input).pipe('a', 7, { timestampMs: 14 });

      expect(driver.output(output).readValues()).toEqual([
        { sum: 5, before: null, windows: 1, visits: 1 },
        { sum: 12, before: 5, windows: 2, visits: 2 },
      ]);
    }
  });

  it('takes a store of a kind of its own, which is committed, restored and logged like any other', async () => {
    const greatest = customStore('greatest', ({ changelog }) => new GreatestStore(changelog));
    const driver = driverOf([greatest], ({ key, value, timestampMs }, context) => {
      context.store(greatest).see(value, timestampMs);
      return context.forward(key, context.store(greatest).greatest);
    });
    await driver.input(input).pipe('a', 5);
    driver.restart();
    await driver.input(input).pipe('a', 3);
    await driver.input(input).pipe('a', 8);

    expect(driver.output(output).readValues()).toEqual([5, 5, 8]);
  });

  it('loses a store that is not logged with its task, and has no changelog for it', async () => {
    const total = keyValueStore('total', { ...serdes, logging: false });
    const driver = driverOf([total], ({ key, value }, context) => {
      const sum = (context.store(total).get(key) ?? 0) + value;
      context.store(total).put(key, sum);
      return context.forward(key, sum);
    });
    await driver.input(input).pipe('a', 5);
    driver.restart();
    await driver.input(input).pipe('a', 3);

    expect(driver.output(output).readValues()).toEqual([5, 3]);
  });

  it('refuses a store that the processor has not listed', async () => {
    const listed = keyValueStore('listed', serdes);
    const other = keyValueStore('other', serdes);
    const driver = driverOf([listed], (_record, context) => void context.store(other));

    await expect(driver.input(input).pipe('a', 1)).rejects.toThrow(
      /'handle' opens the store 'other' without listing it/,
    );
  });

  it('gives stores the types of their definitions', () => {
    const total = keyValueStore('total', serdes);
    const wrong = (context: ProcessorContext): void => {
      // @ts-expect-error the store's keys are texts
      context.store(total).put(1, 1);
      // @ts-expect-error the store's values are numbers
      context.store(total).put('a', 'text');
      // @ts-expect-error a key-value store has no windows
      void context.store(total).fetch;
    };

    expect(wrong).toBeInstanceOf(Function);
  });
});
