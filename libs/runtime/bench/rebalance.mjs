/**
 * How long tasks stand still when a member joins, leaves and dies, by the classic protocol and in a streams group (KIP-1071), in one run on
 * one Apache Kafka.
 *
 *   node tools/build.mjs && node_modules/.bin/node libs/runtime/bench/rebalance.mjs [--rounds N] [--rate RECORDS_PER_SECOND]
 *
 * Each round runs the same stateful topology (a count by key, 12 tasks, exactly once, commits every 100 ms) once by each protocol, while
 * records come at a steady rate. It prints for each change
 * - first record: from the call that causes the change until a task that has moved is processed by its new owner;
 * - waiting: the greatest number of records that were written and not yet processed meanwhile, beyond those of the time before.
 *
 * At the end every count is checked: none lost, none doubled. Exit codes: 0, or 1 when a count is wrong or a change never came about.
 */
import { parseArgs } from 'node:util';
import { setTimeout as wait } from 'node:timers/promises';
import { startApacheKafka } from '../../../tools/apache-kafka/start-apache-kafka.mjs';
import { Admin, Cluster, CommittedRecords, Fetcher, RecordProducer, TcpDialer } from '../../client/dist/index.js';
import { TransientError } from '../../kernel/dist/index.js';
import { TopologyBuilder, json, topic, utf8 } from '../../streams/dist/index.js';
import { StreamsApp } from '../dist/index.js';

const PARTITIONS = 12;
const KEYS = 120;
const SESSION_MS = 10_000;
const PATIENCE_MS = 90_000;
const SAMPLE_MS = 5;
const PROTOCOLS = ['classic', 'streams'];

/** Connections that can all be cut for good, as by the end of the process. */
class MortalDialer {
  #inner = new TcpDialer();
  #open = new Set();
  #isDead = false;

  async dial(...args) {
    if (this.#isDead) throw new TransientError('MR_NETWORK_DISCONNECTED', 'dead');
    const stream = await this.#inner.dial(...args);
    this.#open.add(stream);
    return stream;
  }

  die() {
    this.#isDead = true;
    for (const stream of this.#open) stream.destroy(new Error('dead'));
  }
}

/** One application of several members, its input, and who has processed what. */
class Group {
  #kafka;
  #protocol;
  #client;
  #producer;
  #members = new Map();
  #sent = 0;
  #seen = new Set();
  #ownerOf = new Map();
  /** Told of each record: its partition, and the member before. */
  processed = () => undefined;

  constructor(kafka, protocol, number) {
    this.#kafka = kafka;
    this.#protocol = protocol;
    this.id = `bench-${protocol}-${number}`;
  }

  get waiting() {
    return this.#sent - this.#seen.size;
  }

  async open(rate) {
    this.#client = new Cluster({ bootstrap: this.#kafka.bootstrap, clientId: this.id });
    await this.#client.start();
    await new Admin(this.#client).createTopics([
      { name: `${this.id}-in`, partitions: PARTITIONS },
      { name: `${this.id}-out`, partitions: PARTITIONS },
    ]);
    this.#producer = new RecordProducer(this.#client);
    await this.#producer.start();
    this.isOpen = true;
    const everyMs = 10;
    this.writing = (async () => {
      while (this.isOpen) {
        for (let count = 0; count < (rate * everyMs) / 1_000; count++) {
          const key = Buffer.from(`k${this.#sent % KEYS}`);
          this.#producer.send(`${this.id}-in`, key, Buffer.from(`${this.#sent++}`));
        }
        await wait(everyMs);
      }
      await this.#producer.flush();
    })();
  }

  #topology(name) {
    const group = this;
    const t = new TopologyBuilder('counting');
    t.stream('events', topic(`${this.id}-in`, utf8, utf8))
      .process('watch', {
        create: () => ({
          process: ({ key, value }, context) => {
            group.#note(name, context.partition, Number(value));
            context.forward(key, value);
          },
        }),
      })
      .groupByKey()
      .count('count', { store: 'counts' })
      .toStream('counted')
      .to('out', topic(`${this.id}-out`, utf8, json()));
    return t.build();
  }

  #note(name, partition, id) {
    const owner = this.#ownerOf.get(partition);
    this.#seen.add(id);
    if (owner !== name) {
      this.#ownerOf.set(partition, name);
      this.processed(partition, owner, name);
    }
  }

  async join(name) {
    const dialer = new MortalDialer();
    const app = new StreamsApp({
      applicationId: this.id,
      topologies: [this.#topology(name)],
      cluster: { bootstrap: this.#kafka.bootstrap, dialer, requestTimeoutMs: 20_000 },
      groupProtocol: this.#protocol,
      ...(this.#protocol === 'classic' && { sessionTimeout: SESSION_MS, acceptableRecoveryLag: 1_000_000_000 }),
      shutdownTimeout: '5s',
    });
    app.finished.catch(() => undefined);
    this.#members.set(name, { app, dialer });
    await app.start();
  }

  async leave(name) {
    await this.#members.get(name).app.stop();
    this.#members.delete(name);
  }

  die(name) {
    this.#members.get(name).dialer.die();
  }

  owners() {
    return new Set(this.#ownerOf.values());
  }

  /** Ends the input, waits until all is committed, and checks every count. @returns how many are wrong. */
  async close(dead) {
    this.isOpen = false;
    await this.writing;
    for (const [name, { app }] of this.#members) if (!dead.includes(name)) await app.drained();
    const counts = await this.#counts();
    let wrong = 0;
    for (let key = 0; key < KEYS; key++) {
      const expected = Math.floor(this.#sent / KEYS) + (key < this.#sent % KEYS ? 1 : 0);
      const seen = counts.get(`k${key}`) ?? [];
      if (seen.length !== expected || seen.some((count, index) => count !== index + 1)) wrong++;
    }
    await Promise.allSettled([...this.#members.values()].map(({ app }) => app.stop()));
    await this.#producer.stop();
    await this.#client.stop();
    return wrong;
  }

  async #counts() {
    const fetcher = new Fetcher(this.#client, { isolation: 'read_committed', maxWaitMs: 100 });
    await fetcher.start();
    const places = Array.from({ length: PARTITIONS }, (_, partition) => ({
      topic: `${this.id}-out`,
      partition,
      offset: 0,
    }));
    fetcher.assign(places);
    const counts = new Map();
    const records = new CommittedRecords();
    while (!places.every((place) => fetcher.isCaughtUp(place))) {
      for (const batch of await fetcher.poll(100)) {
        records.reset(batch);
        while (records.nextRecord()) {
          const key = records.cursor.key().toString();
          counts.set(key, [...(counts.get(key) ?? []), Number(records.cursor.value())]);
        }
      }
    }
    await fetcher.stop();
    return counts;
  }
}

async function until(what, condition) {
  const deadline = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`it never came true that ${what}`);
    await wait(SAMPLE_MS);
  }
}

/** Makes a change and measures until tasks that have moved are processed and nothing waits any more. */
async function measure(group, change, moved) {
  await until('nothing waits', () => group.waiting < 200);
  const usual = group.waiting;
  let first;
  const startedMs = performance.now();
  group.processed = (partition, before, after) => {
    if (first === undefined && moved(before, after)) first = performance.now() - startedMs;
  };
  let waiting = 0;
  const watch = setInterval(() => (waiting = Math.max(waiting, group.waiting - usual)), SAMPLE_MS);
  await Promise.all([change(), until('a task has moved', () => first !== undefined)]);
  await until('nothing waits', () => group.waiting < 200);
  clearInterval(watch);
  return { firstMs: Math.round(first), waiting };
}

async function run(kafka, protocol, number, rate) {
  const group = new Group(kafka, protocol, number);
  await group.open(rate);
  await group.join('a');
  await group.join('b');
  await until('both have tasks', () => group.owners().size === 2);
  const results = {
    'a member joins': await measure(
      group,
      () => group.join('c'),
      (_before, after) => after === 'c',
    ),
    'a member leaves': await measure(
      group,
      () => group.leave('a'),
      (before) => before === 'a',
    ),
    'a member dies': await measure(
      group,
      async () => group.die('b'),
      (before) => before === 'b',
    ),
  };
  return { results, wrong: await group.close(['b']) };
}

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '1' }, rate: { type: 'string', default: '1000' } },
});
const kafka = await startApacheKafka({
  properties: {
    'group.streams.min.session.timeout.ms': 1_000,
    'group.streams.session.timeout.ms': SESSION_MS,
  },
});
let wrong = 0;
const table = new Map();
try {
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const protocol of round % 2 === 1 ? PROTOCOLS : PROTOCOLS.toReversed()) {
      const outcome = await run(kafka, protocol, round, Number(values.rate));
      wrong += outcome.wrong;
      for (const [change, { firstMs, waiting }] of Object.entries(outcome.results)) {
        const row = table.get(change) ?? { classic: [], streams: [] };
        row[protocol].push({ firstMs, waiting });
        table.set(change, row);
        console.log(
          `round ${round}, ${protocol}: ${change}: first record after ${firstMs} ms, ${waiting} records waiting`,
        );
      }
      console.log(`round ${round}, ${protocol}: ${outcome.wrong} of ${KEYS} counts wrong`);
    }
  }
} finally {
  await kafka.stop();
}
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
console.log(
  `\n| ${values.rate} records/s, 12 tasks | classic: first record | waiting | streams: first record | waiting |`,
);
console.log('| --- | --- | --- | --- | --- |');
for (const [change, row] of table) {
  const cells = PROTOCOLS.flatMap((protocol) => [
    `${median(row[protocol].map(({ firstMs }) => firstMs))} ms`,
    `${median(row[protocol].map(({ waiting }) => waiting))}`,
  ]);
  console.log(`| ${change} | ${cells.join(' | ')} |`);
}
console.log(wrong === 0 ? 'every count is right' : `${wrong} counts are wrong`);
process.exit(wrong === 0 ? 0 : 1);
