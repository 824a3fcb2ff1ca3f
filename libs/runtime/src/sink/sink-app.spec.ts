import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FatalError, RecordError, TransientError } from '@millrace/kernel';
import type { Serde, Topic } from '@millrace/streams';
import { EmbeddedCluster } from '../../test/embedded-cluster.js';
import { MemorySink, MemorySinkStorage } from '../../test/memory-sink.js';
import { runtimeChannels, type RetriedEvent, type SinkWrittenEvent } from '../diagnostics/channels.js';
import { SinkApp } from './sink-app.js';
import type { SinkAppOptions } from './sink-options.js';

const text: Serde<string> = {
  name: 'text',
  serialize: (value) => Buffer.from(value),
  deserialize: (buffer, start, end) => {
    const value = buffer.toString('utf8', start, end);
    if (value.startsWith('bad')) throw new RecordError('MR_RECORD_UNREADABLE', 'a bad record');
    return value;
  },
};
const events = { name: 'events', key: text, value: text } as Topic<string, string>;

let cluster: EmbeddedCluster;
const started: SinkApp[] = [];

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ events: 2 });
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((app) => app.stop()));
  await cluster.stop();
});

async function start(writer: MemorySink, options: Partial<SinkAppOptions> = {}): Promise<SinkApp> {
  const app = new SinkApp({ name: 'hourly', topics: [events], writer, cluster: cluster.options(), ...options });
  started.push(app);
  await app.start();
  return app;
}

/** Waits until the group has given so many partitions to a process. */
async function owned(app: SinkApp, partitions: number): Promise<void> {
  const count = (): number => app.health().threads.reduce((sum, { tasks }) => sum + tasks.length, 0);
  while (count() < partitions) await new Promise((resolve) => setImmediate(resolve));
}

function numbered(count: number, from = 0): { key: string; value: string }[] {
  return Array.from({ length: count }, (_, nth) => ({ key: `k${nth % 7}`, value: `v${from + nth}` }));
}

describe('SinkApp', () => {
  it('writes every committed record once and in order per partition, and commits what is durable to its group', async () => {
    const writer = new MemorySink();
    await cluster.produce('events', numbered(100));
    const app = await start(writer);

    await app.drain();

    expect(writer.storage.values.toSorted()).toEqual(
      numbered(100)
        .map(({ value }) => value)
        .toSorted(),
    );
    const committed = await cluster.admin.committedOffsets('hourly', [
      { topic: 'events', partition: 0 },
      { topic: 'events', partition: 1 },
    ]);
    expect(committed.reduce((sum, { offset }) => sum + (offset ?? 0), 0)).toBe(100);
    expect(app.metrics.recordsWritten).toBe(100);
    expect(app.lag().every(({ lagRecords }) => lagRecords === 0)).toBe(true);
  });

  it("goes on where the sink's own truth says, whatever the group has", async () => {
    const storage = new MemorySinkStorage();
    await cluster.produce('events', [
      { key: null, value: 'old', partition: 0 },
      { key: null, value: 'new', partition: 0 },
    ]);
    storage.of({ topic: 'events', partition: 0 }).nextOffset = 1;

    const app = await start(new MemorySink(storage));
    await app.drain();

    expect(storage.values).toEqual(['new']);
  });

  it('sends what cannot be decoded to the dead letters with its original bytes and origin, and goes on', async () => {
    const writer = new MemorySink();
    await cluster.produce('events', [
      { key: 'a', value: 'good', partition: 1 },
      {
        key: 'b',
        value: 'bad bytes',
        partition: 1,
        timestampMs: 77,
        headers: [{ key: 'trace', value: Buffer.from('t1') }],
      },
    ]);
    const app = await start(writer);

    await app.drain();

    expect(writer.storage.values).toEqual(['good']);
    const [letter] = await cluster.read('events-dlt');
    expect(letter).toMatchObject({ partition: 1, key: 'b', value: 'bad bytes', timestampMs: 77 });
    expect(Object.fromEntries(letter?.headers ?? [])).toMatchObject({
      trace: 't1',
      'dlt.error.code': 'MR_RECORD_UNREADABLE',
      'dlt.topic': 'events',
      'dlt.partition': '1',
      'dlt.offset': '1',
      'dlt.timestamp': '77',
      'dlt.application': 'hourly',
    });
    expect(app.metrics.deadLetters).toBe(1);
  });

  it('sends the record that the sink refuses to the dead letters, also when it does not say which it is', async () => {
    const writer = new MemorySink();
    writer.beforeWrite = ({ records }) => {
      if (records.some(({ value }) => value === 'v13'))
        throw new RecordError('MR_SINK_REFUSED', 'a value out of range');
    };
    await cluster.produce('events', numbered(40));
    const app = await start(writer);

    await app.drain();

    expect(writer.storage.values).toHaveLength(39);
    expect((await cluster.read('events-dlt')).map(({ value }) => value)).toEqual(['v13']);
  });

  it('tries again while the sink is out of reach', async () => {
    const writer = new MemorySink();
    let failures = 3;
    writer.beforeWrite = () => {
      if (failures-- > 0) throw new TransientError('MR_DEPENDENCY_UNAVAILABLE', 'the database restarts');
    };
    await cluster.produce('events', numbered(10));
    const app = await start(writer);

    await app.drain();

    expect(writer.storage.values).toHaveLength(10);
  });

  it('stops after the attempts that its policy allows, having counted each, and has lost nothing', async () => {
    const told: RetriedEvent[] = [];
    const unsubscribe = runtimeChannels.retried.subscribe((event) => void told.push(event));
    const writer = new MemorySink();
    writer.beforeWrite = () => {
      throw new TransientError('MR_DEPENDENCY_UNAVAILABLE', 'the database restarts');
    };
    await cluster.produce('events', [{ key: 'k', value: 'v' }]);
    const app = await start(writer, { policy: { retry: { attempts: 2, initial: 1 } } });

    await expect(app.finished).rejects.toMatchObject({ code: 'MR_SINK_REFUSED', disposition: 'stop-app' });
    unsubscribe();

    expect(told).toMatchObject([
      { node: 'hourly', where: 'in-place', records: 1 },
      { node: 'hourly', where: 'in-place', records: 1 },
    ]);
    writer.beforeWrite = () => undefined;
    await (await start(writer)).drain();
    expect(writer.storage.values).toEqual(['v']);
  });

  it('looks for the record that an error without disposition is about where its policy says so', async () => {
    const writer = new MemorySink();
    writer.beforeWrite = ({ records }) => {
      if (records.some(({ value }) => value === 'v13')) throw new Error('no disposition');
    };
    await cluster.produce('events', numbered(20));
    const app = await start(writer, { policy: { onWriteError: 'dead-letter' } });
    await app.drain();

    const [letter, ...others] = await cluster.read('events-dlt');
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ value: 'v13' });
    expect(letter?.headers.get('dlt.node')).toBe('hourly');
  });

  it('stops at a record that cannot be read where its policy says so', async () => {
    await cluster.produce('events', [{ key: 'k', value: 'bad' }]);
    const app = await start(new MemorySink(), { policy: { onDeserializationError: 'stop-app' } });

    await expect(app.finished).rejects.toMatchObject({ code: 'MR_RECORD_UNREADABLE', disposition: 'stop-app' });
  });

  it('shares partitions with a second process, and neither loses nor doubles a record as it comes and goes', async () => {
    const storage = new MemorySinkStorage();
    await cluster.produce('events', numbered(50));
    const first = await start(new MemorySink(storage), { heartbeatInterval: 20 });
    await first.drain();
    const second = await start(new MemorySink(storage), { heartbeatInterval: 20 });
    await cluster.produce('events', numbered(50, 50));
    await second.drain();
    await first.drain();
    await first.stop();
    await owned(second, 2);
    await cluster.produce('events', numbered(50, 100));

    await second.drain();

    expect(storage.values.toSorted()).toEqual(
      numbered(150)
        .map(({ value }) => value)
        .toSorted(),
    );
  });

  it('gives a partition up when its writer is fenced', async () => {
    const storage = new MemorySinkStorage();
    const writer = new MemorySink(storage);
    const app = await start(writer);
    await app.drain();
    storage.of({ topic: 'events', partition: 0 }).generationId = 1_000;
    await cluster.produce('events', [
      { key: null, value: 'not mine', partition: 0 },
      { key: null, value: 'mine', partition: 1 },
    ]);

    await new Promise<void>((resolve) => {
      const unsubscribe = runtimeChannels.failed.subscribe(({ code }) => {
        if (code !== 'MR_SINK_FENCED') return;
        unsubscribe();
        resolve();
      });
    });

    expect(storage.of({ topic: 'events', partition: 0 }).values).toEqual([]);
    expect(app.state).toBe('RUNNING');
  });

  it('ends with the error that nobody can mend, and reports it', async () => {
    const writer = new MemorySink();
    writer.beforeWrite = () => {
      throw new FatalError('MR_CONFIG_INVALID', 'the table does not exist: run the migrations');
    };
    const app = await start(writer);
    await cluster.produce('events', numbered(1));

    await expect(app.finished).rejects.toThrow('run the migrations');

    expect(app.state).toBe('ERROR');
    expect(app.health()).toMatchObject({ state: 'ERROR' });
    await expect(app.drain()).rejects.toThrow('run the migrations');
  });

  it('measures how long each record took since it was taken in', async () => {
    const written: SinkWrittenEvent[] = [];
    const unsubscribe = runtimeChannels.sinkWritten.subscribe((event) => written.push(event));
    const ingestedAt = { key: 'ingested-at', value: Buffer.from(String(Date.now() - 5_000)) };
    await cluster.produce('events', [
      { key: 'a', value: 'x', headers: [ingestedAt] },
      { key: 'a', value: 'y' },
    ]);
    const app = await start(new MemorySink());

    await app.drain();
    unsubscribe();

    const latencies = written.map(({ latency }) => latency).filter(({ count }) => count > 0);
    expect(latencies).toHaveLength(1);
    expect(latencies[0]?.count).toBe(1);
    expect(latencies[0]?.maxMs).toBeGreaterThanOrEqual(5_000);
  });

  it('refuses to start for a topic that does not exist', async () => {
    const missing = { ...events, name: 'missing' };
    const app = new SinkApp({ name: 'x', topics: [missing], writer: new MemorySink(), cluster: cluster.options() });

    await expect(app.start()).rejects.toThrow(/'missing' does not exist/);
  });
});
