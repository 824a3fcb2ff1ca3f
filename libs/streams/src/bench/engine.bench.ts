/**
 * Records per second of one task on one core, without Kafka: `node dist/bench/engine.bench.js [records] [--undo]`. With `--undo`
 * each record can be taken back alone, as under a policy that goes on after a failure.
 *
 * Input is made once and walked again for each round; output is copied into batches as the runtime does, then thrown away.
 */
import { SeededRandom, SystemClock } from '@millrace/kernel';
import { RecordBatchBuilder, RecordBatchCursor } from '@millrace/protocol';
import {
  DEFAULT_ERROR_POLICY,
  StreamTask,
  TopologyBuilder,
  json,
  topic,
  tumbling,
  utf8,
  windowedKey,
  type RecordCollector,
  type RecordRun,
} from '../index.js';

const BATCH_RECORDS = 1_000;
const COMMIT_EVERY = 10_000;
const KEYS = 1_000;
const ROUNDS = 4;

interface Reading {
  readonly id: number;
  readonly amount: number;
  readonly text: string;
}

const readings = topic('readings', utf8, json<Reading>());
const people = topic('people', utf8, json<{ readonly name: string }>());
/** Takes whatever a case makes of its records. */
const out = topic('out', utf8, json<object>());

class BatchRun implements RecordRun {
  readonly cursor = new RecordBatchCursor();

  constructor(
    batch: Buffer,
    readonly nextOffset: number,
  ) {
    this.cursor.reset(batch);
  }

  nextRecord(): boolean {
    return this.cursor.nextRecord() || (this.cursor.nextBatch() && this.cursor.nextRecord());
  }
}

function batches(records: number, value: (index: number) => unknown): Buffer[] {
  const builder = new RecordBatchBuilder();
  const made: Buffer[] = [];
  for (let index = 0; index < records; index++) {
    builder.append(index * 10, Buffer.from(`key-${index % KEYS}`), Buffer.from(JSON.stringify(value(index))));
    if (builder.recordCount < BATCH_RECORDS && index < records - 1) continue;
    made.push(builder.build({ baseOffset: index + 1 - builder.recordCount }));
    builder.reset();
  }
  return made;
}

/** Encodes what is sent into a growing batch of its topic. */
function encodingCollector(): RecordCollector {
  const builders = new Map<string, RecordBatchBuilder>();
  return {
    partitionCount: () => 1,
    send: (name, _partition, timestampMs, key, keyStart, keyEnd, value, valueStart, valueEnd, headers, from, to) => {
      let builder = builders.get(name);
      if (builder === undefined) builders.set(name, (builder = new RecordBatchBuilder()));
      builder.appendRange(timestampMs, key, keyStart, keyEnd, value, valueStart, valueEnd, headers, from, to);
      if (builder.sizeInBytes > 500_000) builder.reset();
    },
  };
}

function taskOf(builder: TopologyBuilder): StreamTask {
  const topology = builder.build();
  const [sub] = topology.subTopologies;
  if (sub === undefined) throw new Error('the topology has no sub-topology');
  return new StreamTask(topology, sub, {
    applicationId: 'bench',
    partition: 0,
    collector: encodingCollector(),
    policy: DEFAULT_ERROR_POLICY,
    recordUndo: { isOn: process.argv.includes('--undo') },
    nowMs: () => 0,
    globalTable: () => ({ get: () => undefined, size: () => 0 }),
    calls: { clock: new SystemClock(), random: new SeededRandom(1), ended: () => undefined },
  });
}

/** Takes all that was added; calls to the outside answer within this turn of the event loop. */
async function take(task: StreamTask): Promise<number> {
  let taken = await task.process(BATCH_RECORDS, 0);
  while (task.isCalling) {
    while (!task.hasResults) await Promise.resolve();
    await task.forwardResults();
    taken += await task.process(BATCH_RECORDS, 0);
  }
  return taken;
}

async function feed(task: StreamTask, name: string, given: readonly Buffer[]): Promise<void> {
  let sinceCommit = 0;
  let nextOffset = 0;
  for (const batch of given) {
    nextOffset += BATCH_RECORDS;
    task.addRecords(name, 0, new BatchRun(batch, nextOffset), batch.length);
    sinceCommit += await take(task);
    if (sinceCommit < COMMIT_EVERY) continue;
    sinceCommit = 0;
    await task.prepareCommit();
    task.consumedOffsets();
    task.committed();
  }
}

const cases: Readonly<Record<string, () => StreamTask>> = {
  'mapValues of JSON': () => {
    const builder = new TopologyBuilder('map');
    builder
      .stream('in', readings)
      .mapValues<object>('plus-one', (reading) => ({ ...reading, amount: reading.amount + 1 }))
      .to('sink', out);
    return taskOf(builder);
  },
  'filter, bytes passed on': () => {
    const builder = new TopologyBuilder('filter');
    builder
      .stream('in', readings)
      .filter('positive', (reading) => reading.amount >= 0)
      .to('sink', readings);
    return taskOf(builder);
  },
  'stream-table join': () => {
    const builder = new TopologyBuilder('join');
    const table = builder.table('people', people, { store: 'people' });
    builder
      .stream('in', readings)
      .join('named', table, { join: (reading, person): object => ({ ...reading, name: person.name }) })
      .to('sink', out);
    return taskOf(builder);
  },
  'windowed count with cache': () => {
    const builder = new TopologyBuilder('count');
    builder
      .stream('in', readings)
      .groupByKey()
      .windowedBy(tumbling({ size: '1m', grace: '5m' }))
      .count('per-minute', { store: 'counts', cache: true })
      .toStream('changes')
      .to('sink', topic('counts', windowedKey(utf8, 60_000), json<number>()));
    return taskOf(builder);
  },
  'asyncMap, answered at once': () => {
    const builder = new TopologyBuilder('ask');
    builder
      .stream('in', readings)
      .asyncMap<object>('plus-one', async (reading) => ({ ...reading, amount: reading.amount + 1 }))
      .to('sink', out);
    return taskOf(builder);
  },
  'stream-stream left join': () => {
    const builder = new TopologyBuilder('left-join');
    builder
      .stream('in', readings)
      .leftJoin('pairs', builder.stream('people', people), {
        within: { before: '1m', after: 0 },
        grace: '1m',
        join: (reading, person): object => ({ ...reading, name: person?.name ?? null }),
      })
      .to('sink', out);
    return taskOf(builder);
  },
};

async function main(): Promise<void> {
  const clock = new SystemClock();
  const records = Number(process.argv[2] ?? 200_000);
  const input = batches(records, (id) => ({ id, amount: id % 97, text: 'x'.repeat(165) }));
  const names = batches(KEYS, (id) => ({ name: `person ${id}` }));
  for (const [name, make] of Object.entries(cases)) {
    const rates: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const task = make();
      for (const { topic: each } of task.inputs) task.setCaughtUp(each, 0, true);
      if (task.inputs.some((each) => each.topic === 'people')) await feed(task, 'people', names);
      const startedMs = clock.monotonicMs();
      await feed(task, 'readings', input);
      rates.push((records / (clock.monotonicMs() - startedMs)) * 1_000);
    }
    const best = Math.round(Math.max(...rates));
    console.log(
      `${name}: ${best.toLocaleString('en')} records/s (best of ${ROUNDS} rounds of ${records.toLocaleString('en')})`,
    );
  }
}

await main();
