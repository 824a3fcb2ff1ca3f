import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EmbeddedBroker } from '@millrace/broker';
import { Admin, Cluster, Producer } from '@millrace/client';
import { RecordBatchBuilder } from '@millrace/protocol';
import {
  json,
  keyValueStore,
  topic,
  utf8,
  type ProcessorContext,
  type SinkBatch,
  type SinkWriter,
  type StreamRecord,
  type TopologyBuilder,
} from '@millrace/streams';
import { eventually } from '@millrace/testing';
import { Injectable, Module, Scope, type INestApplicationContext, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  InjectStreamsApp,
  OnRecord,
  Punctuate,
  StreamProcessor,
  StreamSink,
  StreamTopology,
  StreamsAppHandle,
  StreamsHealthModule,
  StreamsLivenessIndicator,
  StreamsModule,
  StreamsReadinessIndicator,
  StreamsRegistry,
  StreamsRunner,
  sinkProvider,
  streamsAppToken,
  type StreamsModuleOptions,
  type TopologyDefinition,
} from '../index.js';

const orders = topic('orders', utf8, json<number>());
const totals = topic('totals', utf8, json<number>());

@Injectable()
class Rates {
  readonly factor = 10;
}

const sumsStore = keyValueStore('sums', { key: utf8, value: json<number>() });

@StreamProcessor({ stores: [sumsStore] })
class Summing {
  readonly punctuations: number[] = [];

  constructor(private readonly rates: Rates) {}

  @OnRecord()
  async add(record: StreamRecord<string, number>, context: ProcessorContext<string, number>): Promise<void> {
    const sums = context.store(sumsStore);
    const sum = (sums.get(record.key) ?? 0) + record.value * this.rates.factor;
    sums.put(record.key, sum);
    await context.forward(record.key, sum);
  }

  @Punctuate({ every: '1s' })
  tick(timeMs: number): void {
    this.punctuations.push(timeMs);
  }
}

@StreamTopology({ name: 'sums' })
class Sums implements TopologyDefinition {
  define(t: TopologyBuilder): void {
    t.stream('orders', orders).process('sum', Summing).to('totals', totals);
  }
}

@StreamSink({ name: 'totals-sink', topics: [totals], linger: 0 })
class TotalsSink implements SinkWriter {
  readonly values: unknown[] = [];
  #nextOffset: number | undefined;

  async open(): Promise<number | undefined> {
    return this.#nextOffset;
  }

  async write(batch: SinkBatch): Promise<void> {
    this.values.push(...batch.records.map(({ value }) => value));
    this.#nextOffset = batch.nextOffset;
  }

  async close(): Promise<void> {}

  durableOffset(): number | undefined {
    return this.#nextOffset;
  }
}

let broker: EmbeddedBroker;
let client: Cluster;
const opened: INestApplicationContext[] = [];

function options(overrides: Partial<StreamsModuleOptions> = {}): StreamsModuleOptions {
  const cluster = { bootstrap: ['memory:9092'], dialer: broker.dialer() };
  return { applicationId: 'shop', cluster, commitInterval: 10, shutdownTimeout: '1s', ...overrides };
}

async function boot(...imports: unknown[]): Promise<INestApplicationContext> {
  const module = await Test.createTestingModule({ imports: imports as Type[] }).compile();
  module.useLogger(false);
  opened.push(module);
  await module.init();
  return module;
}

async function produce(values: readonly number[]): Promise<void> {
  const producer = new Producer(client);
  await producer.start();
  const batch = new RecordBatchBuilder();
  values.forEach((value, nth) => batch.append(nth * 1_000, Buffer.from('a'), Buffer.from(String(value))));
  await producer.send('orders', 0, batch);
  await producer.stop();
}

beforeEach(async () => {
  broker = new EmbeddedBroker();
  await broker.start();
  client = new Cluster({ bootstrap: ['memory:9092'], dialer: broker.dialer(), clientId: 'spec' });
  await client.start();
  await new Admin(client).createTopics([
    { name: 'orders', partitions: 1 },
    { name: 'totals', partitions: 1 },
  ]);
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((context) => context.close()));
  await client.stop();
  await broker.stop();
});

describe('StreamsModule', () => {
  it('runs topologies whose processors are providers, and sinks, from boot to shutdown', async () => {
    await produce([1, 2, 3]);
    const context = await boot(
      StreamsModule.forRoot(options()),
      StreamsModule.forFeature({ topologies: [Sums], processors: [Summing], sinks: [TotalsSink], providers: [Rates] }),
    );

    const handle = context.get<StreamsAppHandle>(streamsAppToken());
    await handle.drained();

    expect(context.get(TotalsSink, { strict: false }).values).toEqual([10, 30, 60]);
    expect(context.get(Summing, { strict: false }).punctuations).toEqual([0, 1_000, 2_000]);
    const finished = context.get(StreamsRunner).finished();
    await context.close();
    await expect(finished).resolves.toBeUndefined();
    expect(handle.app?.state).toBe('STOPPED');
  });

  it('finds classes wherever they are provided, and takes options from a factory', async () => {
    @Module({ providers: [Sums, Summing, Rates] })
    class FeatureModule {}

    @Injectable()
    class Reporter {
      constructor(@InjectStreamsApp() readonly streams: StreamsAppHandle) {}
    }

    @Module({ providers: [Reporter] })
    class ReportModule {}

    await produce([5]);
    const context = await boot(
      StreamsModule.forRootAsync({ useFactory: async () => options({ applicationId: 'other' }) }),
      FeatureModule,
      ReportModule,
    );

    const { streams } = context.get(Reporter, { strict: false });
    await streams.drained();

    expect(streams.app?.applicationId).toBe('other');
    expect(streams.app?.metrics.recordsProcessed).toBe(1);
  });

  it('runs several applications in one process, each with its own topologies', async () => {
    @StreamSink({ name: 'second-sink', topics: [totals], app: 'second' })
    class SecondSink extends TotalsSink {}

    await produce([7]);
    const context = await boot(
      StreamsModule.forRoot(options()),
      StreamsModule.forRoot(options({ applicationId: 'second' }), 'second'),
      StreamsModule.forFeature({ topologies: [Sums], processors: [Summing], sinks: [SecondSink], providers: [Rates] }),
    );

    await context.get<StreamsAppHandle>(streamsAppToken()).drained();
    await context.get<StreamsAppHandle>(streamsAppToken('second')).drained();

    expect(context.get(SecondSink, { strict: false }).values).toEqual([70]);
  });

  it('runs sinks whose writers are made by factories', async () => {
    const writer = new TotalsSink();
    await produce([1]);

    @Module({ providers: [sinkProvider({ name: 'made', topics: [orders], useFactory: () => writer })] })
    class SinkModule {}

    const context = await boot(StreamsModule.forRoot(options()), SinkModule);
    await context.get<StreamsAppHandle>(streamsAppToken()).drained();

    expect(writer.values).toEqual([1]);
  });

  it('refuses to boot with a list of everything that is wrong', async () => {
    @StreamProcessor()
    class NoHandler {}

    @StreamProcessor()
    class NotProvided {
      @OnRecord()
      handle(): void {}
    }

    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {}

    @StreamProcessor()
    class OfARequest {
      constructor(readonly request: PerRequest) {}

      @OnRecord()
      handle(): void {}
    }

    @StreamTopology({ name: 'broken' })
    class Broken implements TopologyDefinition {
      define(t: TopologyBuilder): void {
        t.stream('orders', orders).process('lost', NotProvided).process('lost', NoHandler).to('bad name', orders);
      }
    }

    @StreamTopology({ name: 'elsewhere', app: 'nowhere' })
    class Elsewhere implements TopologyDefinition {
      define(t: TopologyBuilder): void {
        t.stream('orders', orders).to('totals', totals);
      }
    }

    @StreamSink({ name: 'half', topics: [totals] })
    class HalfASink {
      async write(): Promise<void> {}
    }

    const booting = boot(
      StreamsModule.forRoot(options()),
      StreamsModule.forFeature({
        topologies: [Broken, Elsewhere],
        processors: [NoHandler, OfARequest],
        sinks: [HalfASink],
        providers: [PerRequest],
      }),
    );

    const error = await booting.then(
      () => new Error('it booted'),
      (failure: Error) => failure,
    );
    for (const problem of [
      /NoHandler needs exactly one @OnRecord/,
      /NotProvided is used but not provided/,
      /OfARequest must be a singleton/,
      /'lost' is used twice/,
      /'bad name' cannot be the name/,
      /no application is named 'nowhere'/,
      /HalfASink .* lacks open, close, durableOffset/,
    ]) {
      expect(error.message).toMatch(problem);
    }
  });

  it('stops what it has started when one application cannot start', async () => {
    @StreamSink({ name: 'no-topic', topics: [topic('missing', utf8, utf8)], app: 'second' })
    class NoTopic extends TotalsSink {}

    const module = await Test.createTestingModule({
      imports: [
        StreamsModule.forRoot(options()),
        StreamsModule.forRoot(options({ applicationId: 'second' }), 'second'),
        StreamsModule.forFeature({ topologies: [Sums], processors: [Summing], sinks: [NoTopic], providers: [Rates] }),
      ],
    }).compile();

    await expect(module.init()).rejects.toThrow(/'missing' does not exist/);

    expect(module.get<StreamsAppHandle>(streamsAppToken()).app?.state).toBe('STOPPED');
  });

  it('pauses and resumes topologies by their handle and for the whole process, and is ready meanwhile', async () => {
    const context = await boot(
      StreamsModule.forRoot(options()),
      StreamsModule.forFeature({ topologies: [Sums], processors: [Summing], providers: [Rates] }),
      StreamsHealthModule,
    );
    const handle = context.get<StreamsAppHandle>(streamsAppToken());
    const registry = context.get(StreamsRegistry);
    const readiness = context.get(StreamsReadinessIndicator, { strict: false });
    await handle.pause('sums');
    await eventually('the application is ready', () => readiness.check().streams?.status === 'up');
    expect(readiness.check()).toMatchObject({ streams: { shop: { paused: ['sums'] } } });
    await produce([1, 2]);
    await eventually('the lag is known', () => handle.app?.lag()[0]?.lagRecords === 2);
    expect(handle.app?.metrics.recordsProcessed).toBe(0);

    registry.resume();
    await handle.drained();
    expect(handle.app?.metrics.recordsProcessed).toBe(2);

    await registry.pause('sums');
    expect(handle.app?.health().pausedTopologies).toEqual(['sums']);
    await expect(registry.pause('other')).rejects.toThrow("no topology is named 'other'");
  });

  it('tells health from the states of threads and tasks, and from lag', async () => {
    const context = await boot(
      StreamsModule.forRoot(options()),
      StreamsModule.forFeature({ topologies: [Sums], processors: [Summing], providers: [Rates] }),
      StreamsHealthModule,
    );
    const liveness = context.get(StreamsLivenessIndicator, { strict: false });
    const readiness = context.get(StreamsReadinessIndicator, { strict: false });
    await eventually('the application is ready', () => readiness.check().streams?.status === 'up');
    expect(liveness.check('streams')).toMatchObject({ streams: { status: 'up', shop: { state: 'RUNNING' } } });

    await produce([Number.NaN]);
    await context.get<StreamsAppHandle>(streamsAppToken()).drained();
    expect(readiness.check('streams', { maxLagRecords: 0 })).toMatchObject({
      streams: { status: 'up', shop: { tasks: 1, lagRecords: 0 } },
    });

    await context.get<StreamsAppHandle>(streamsAppToken()).app?.stop();
    expect(readiness.check().streams?.status).toBe('down');
  });

  it('is down when a topology has ended with an error, and says so to whoever waits for it', async () => {
    @StreamProcessor()
    class Failing {
      @OnRecord()
      handle(): void {
        throw new TypeError('a defect');
      }
    }

    @StreamTopology({ name: 'failing' })
    class FailingTopology implements TopologyDefinition {
      define(t: TopologyBuilder): void {
        t.stream('orders', orders).process('fail', Failing).to('totals', totals);
      }
    }

    const context = await boot(
      StreamsModule.forRoot(options()),
      StreamsModule.forFeature({ topologies: [FailingTopology], processors: [Failing] }),
      StreamsHealthModule,
    );
    await produce([1]);

    await expect(context.get(StreamsRunner).finished()).rejects.toThrow(/failed at orders-0@0: TypeError/);

    expect(context.get(StreamsLivenessIndicator, { strict: false }).check().streams?.status).toBe('down');
  });
});
