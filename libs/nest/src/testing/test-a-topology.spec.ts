import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  TopologyBuilder,
  json,
  keyValueStore,
  topic,
  utf8,
  type ProcessorContext,
  type StreamRecord,
  type Topology,
} from '@millrace/streams';
import { TopologyTestDriver, type TopologyTestDriverOptions } from '@millrace/streams/testing';
import { matchesGolden } from '@millrace/testing';
import { Inject, Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { OnRecord, Punctuate, StreamProcessor } from '../decorators/stream-processor.decorator.js';
import { StreamTopology } from '../decorators/stream-topology.decorator.js';
import type { TopologyDefinition } from '../decorators/topology-definition.js';
import { StreamsTestingModule } from './streams-testing.module.js';
import { moduleTopologies, topologyTestDriver } from './topology-test-driver.js';

interface Order {
  readonly amount: number;
  readonly currency: string;
}

const MINUTE_MS = 60_000;
const orders = topic('orders', utf8, json<Order>());
const totals = topic('totals', utf8, json<number>());

// #region topology
export const RATES = Symbol('rates');

export interface Rates {
  inEuros(amount: number, currency: string): number;
}

const totalStore = keyValueStore('total-by-customer', { key: utf8, value: json<number>() });

@StreamProcessor({ stores: [totalStore] })
export class Totals {
  constructor(@Inject(RATES) private readonly rates: Rates) {}

  @OnRecord()
  add({ key, value }: StreamRecord<string, Order>, context: ProcessorContext<string, number>): void {
    const store = context.store(totalStore);
    store.put(key, (store.get(key) ?? 0) + this.rates.inEuros(value.amount, value.currency));
  }

  @Punctuate({ every: '1m', by: 'wall-clock' })
  tell(_timeMs: number, context: ProcessorContext<string, number>): void {
    for (const [key, { value }] of context.store(totalStore).entries()) void context.forward(key, value);
  }
}

@StreamTopology({ name: 'customer-totals' })
export class CustomerTotals implements TopologyDefinition {
  define(t: TopologyBuilder): void {
    t.stream('orders', orders).process('add-up', Totals, { key: utf8, value: json<number>() }).to('totals', totals);
  }
}
// #endregion

@Injectable()
class RatesOfTheBank implements Rates {
  inEuros(): number {
    throw new Error('a spec must not ask the bank');
  }
}

// #region module
export const TOTALS_PROVIDERS = [CustomerTotals, Totals, { provide: RATES, useClass: RatesOfTheBank }];
// #endregion

let module: TestingModule;
let driver: TopologyTestDriver;

beforeEach(async () => {
  // #region driver
  module = await Test.createTestingModule({ imports: [StreamsTestingModule], providers: TOTALS_PROVIDERS })
    .overrideProvider(RATES)
    .useValue({ inEuros: (amount: number) => 2 * amount } satisfies Rates)
    .compile();
  driver = topologyTestDriver(module, CustomerTotals, { startAt: '2026-01-01T00:00:00Z' });
  // #endregion
});

afterEach(async () => {
  driver.close();
  await module.close();
});

describe('cookbook: test a topology', () => {
  // #region store
  it('adds up in the store, and tells nothing before its minute has come', async () => {
    await driver.input(orders).pipe('ada', { amount: 5, currency: 'USD' });
    await driver.input(orders).pipe('ada', { amount: 1, currency: 'USD' });

    expect(driver.store<string, number>('total-by-customer').get('ada')).toBe(12);
    expect(driver.output(totals).readValues()).toEqual([]);
  });
  // #endregion

  // #region time
  it('tells the totals each minute', async () => {
    await driver.input(orders).pipe('ada', { amount: 5, currency: 'USD' });

    await driver.advanceWallClock(MINUTE_MS);

    expect(driver.output(totals).readRecords()).toMatchObject([{ key: 'ada', value: 10 }]);
  });
  // #endregion

  // #region restart
  it('goes on after a crash as if there had been none', async () => {
    await driver.input(orders).pipe('ada', { amount: 5, currency: 'USD' });
    driver.restart();
    await driver.input(orders).pipe('ada', { amount: 1, currency: 'USD' });

    expect([...driver.store<string, number>('total-by-customer').entries()]).toMatchObject([['ada', { value: 12 }]]);
  });
  // #endregion

  it('gives the same over several partitions, in order of time', async () => {
    const over3 = topologyTestDriver(module, CustomerTotals, { partitions: 3, order: 'merged' });
    for (const customer of ['ada', 'bob', 'eve', 'ada']) {
      await over3.input(orders).pipe(customer, { amount: 1, currency: 'USD' });
    }
    await over3.advanceWallClock(MINUTE_MS);

    const told = over3.output(totals).readRecords();
    expect(Object.fromEntries(told.map(({ key, value }) => [key, value]))).toEqual({ ada: 4, bob: 2, eve: 2 });
    over3.close();
  });

  it('has the bank fail where nobody has replaced it', async () => {
    const real = await Test.createTestingModule({
      imports: [StreamsTestingModule],
      providers: TOTALS_PROVIDERS,
    }).compile();
    const asking = topologyTestDriver(real, CustomerTotals);

    await expect(asking.input(orders).pipe('ada', { amount: 1, currency: 'USD' })).rejects.toMatchObject({
      code: 'MR_TASK_FAILED',
      cause: { message: 'a spec must not ask the bank' },
    });
    await real.close();
  });

  // #region golden
  it('is described by its golden file, where every permanent name shows', async () => {
    const described = moduleTopologies(module).get('customer-totals')?.describe() ?? 'there is none';

    await matchesGolden(new URL('golden/customer-totals.txt', import.meta.url), described);
  });
  // #endregion
});

// #region outside-state
/** Counts beside its stores: what it counts is not taken back, and not there after a restart. */
function countingOutside(): Topology {
  let count = 0;
  const t = new TopologyBuilder('counting-outside');
  t.stream('orders', orders)
    .mapValues('count', () => ++count)
    .to('totals', totals);
  return t.build();
}
// #endregion

describe('replayEveryRecord', () => {
  async function told(topology: Topology, options: TopologyTestDriverOptions): Promise<(number | null)[]> {
    const counting = new TopologyTestDriver(topology, options);
    for (const customer of ['ada', 'ada']) await counting.input(orders).pipe(customer, { amount: 1, currency: 'USD' });
    return counting.output(totals).readValues();
  }

  // #region replay
  it('shows that state is kept where a crash does not reach it', async () => {
    expect(await told(countingOutside(), {})).toEqual([1, 2]);
    expect(await told(countingOutside(), { replayEveryRecord: true })).toEqual([2, 4]);
  });
  // #endregion

  it('changes nothing where state is in stores', async () => {
    const t = new TopologyBuilder('counting');
    t.stream('orders', orders)
      .groupByKey()
      .count('count', { store: 'counts', value: json<number>() })
      .toStream('changes')
      .to('totals', totals);

    expect(await told(t.build(), { replayEveryRecord: true })).toEqual([1, 2]);
  });
});
