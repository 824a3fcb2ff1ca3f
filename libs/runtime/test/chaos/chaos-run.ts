import { Admin, type Cluster, type OffsetQuery, type TopicPartition } from '@millrace/client';
import { describeError } from '@millrace/kernel';
import { DeliveryLedger, eventually } from '@millrace/testing';
import { endAll } from './end-all.js';
import { OrderLoad, type OrderLoadOptions } from './order-load.js';
import { OutputReader, type OutputRecord } from './output-reader.js';
import { WorkerProcess, type WorkerOptions } from './worker-process.js';

const PARTITIONS = 3;
const PER_SECOND = 500;
/** Tasks that move are somewhere after that. */
const STORES_TIMEOUT_MS = 30_000;
const PROGRESS_TIMEOUT_MS = 90_000;
const LAST_EVENTS = 40;
let runs = 0;

/**
 * One test of a fault: topics of its own, orders under way, workers that enrich and count them, and a reader of what is committed. At its
 * end the ledger says what became of every order, and outputs, changelog and stores are compared.
 */
export class ChaosRun implements AsyncDisposable {
  readonly ledger: DeliveryLedger;
  readonly applicationId: string;
  readonly topics: WorkerOptions['topics'];
  readonly #cluster: Cluster;
  readonly #bootstrap: readonly string[];
  readonly #loads: OrderLoad[] = [];
  readonly #workers = new Set<WorkerProcess>();
  readonly #reader: OutputReader;
  /** Orders of each key that were seen enriched, each once. */
  readonly #ordersByKey = new Map<string, Set<string>>();
  /** The counts of each key, in the order in which they were written. */
  readonly #countsByKey = new Map<string, number[]>();
  #seen = 0;
  #isSettled = false;

  private constructor(fault: string, cluster: Cluster, bootstrap: readonly string[]) {
    runs += 1;
    this.ledger = new DeliveryLedger(fault);
    this.applicationId = `chaos-${runs}`;
    const named = (what: string): string => `${this.applicationId}.${what}`;
    this.topics = { orders: named('orders'), enriched: named('enriched'), counts: named('counts') };
    this.#cluster = cluster;
    this.#bootstrap = bootstrap;
    this.#reader = new OutputReader(cluster, (record) => this.#see(record));
  }

  /**
   * Makes the topics and begins to read.
   *
   * @param fault As it stands in the ledger.
   * @param cluster The test's own client, which no fault of a network befalls.
   * @param bootstrap What workers connect to.
   */
  static async begin(fault: string, cluster: Cluster, bootstrap: readonly string[]): Promise<ChaosRun> {
    const run = new ChaosRun(fault, cluster, bootstrap);
    const names = Object.values(run.topics);
    await new Admin(cluster).createTopics(names.map((name) => ({ name, partitions: PARTITIONS })));
    await run.#reader.start([run.topics.enriched, run.topics.counts]);
    return run;
  }

  /** Sends orders from now on. */
  async load(options: Partial<Omit<OrderLoadOptions, 'topic'>> = {}): Promise<OrderLoad> {
    const load = new OrderLoad(this.#cluster, this.ledger, {
      topic: this.topics.orders,
      perSecond: PER_SECOND,
      ...options,
    });
    await load.start();
    this.#loads.push(load);
    return load;
  }

  /** Starts a worker; does not wait for its tasks. */
  worker(options: Partial<Omit<WorkerOptions, 'applicationId' | 'topics'>> = {}): WorkerProcess {
    const { applicationId, topics } = this;
    return this.#added(new WorkerProcess({ applicationId, topics, bootstrap: this.#bootstrap, ...options }));
  }

  /** Starts a worker in the place of one that has ended, with its name and its stores. */
  replacement(worker: WorkerProcess): WorkerProcess {
    return this.#added(worker.restart());
  }

  /** Orders whose effect was seen. */
  get seen(): number {
    return this.#seen;
  }

  /** Orders that their sender knows to be there. */
  get acknowledged(): number {
    return this.#loads.reduce((total, load) => total + load.acknowledged, 0);
  }

  /** Waits until so many orders more were enriched and counted, and committed. @throws what made the reader fail, at once. */
  async progress(orders = 300): Promise<void> {
    const target = this.#seen + orders;
    await this.#until(`${orders} orders more are seen in the output`, () => this.#seen >= target);
  }

  /**
   * Waits until every order is seen that is acknowledged now: no transaction of somebody who is gone holds them back.
   *
   * @throws what made the reader fail, at once.
   */
  async caughtUp(): Promise<void> {
    const missing = new Set(this.ledger.lostIds);
    await this.#until('all orders so far are seen in the output', () => {
      for (const id of this.ledger.lostIds) if (missing.has(id)) return false;
      return true;
    });
  }

  /**
   * Ends the load, waits until every acknowledged order was seen, lets the workers leave, and compares.
   *
   * @throws {Error} that says what was doubled, lost or leaked, what shows no fault, or which counts differ.
   */
  async settle(): Promise<void> {
    await endAll(this.#loads.splice(0).map((load) => () => load.stop()));
    // Whatever does not come is in the ledger, as lost.
    await this.#until('every acknowledged order is seen', () => this.ledger.lostIds.length === 0).catch(print);
    const alive = [...this.#workers].filter((worker) => !worker.hasEnded);
    const stored = await this.#stored(alive);
    await Promise.all(alive.map((worker) => worker.stop()));
    await this.#reader.caughtUp();
    const changelog = await this.#changelog();

    this.ledger.settle();
    const expected = new Map([...this.#ordersByKey].map(([key, ids]) => [key, ids.size]));
    const differences = [
      ...[...this.#countsByKey].filter(([, counts]) => counts.some((count, at) => count !== at + 1)).map(([key, counts]) => `the counts of ${key} are not 1, 2, 3 … but ${excerpt(counts)}`), // prettier-ignore
      ...differencesOf('the last count written', expected, new Map([...this.#countsByKey].map(([key, counts]) => [key, counts.at(-1)!]))), // prettier-ignore
      ...differencesOf('the store', expected, stored),
      ...differencesOf('the changelog', expected, changelog),
    ];
    if (differences.length > 0) throw new Error(differences.slice(0, 8).join('\n'));
    this.#isSettled = true;
  }

  /** The counts in the stores of the workers, looked at again while a task is on its way from one to another and in none. */
  async #stored(alive: readonly WorkerProcess[]): Promise<ReadonlyMap<string, number>> {
    let stored = new Map<string, number>();
    await eventually(
      'every key is in the store of a worker',
      async () => {
        stored = new Map();
        for (const worker of alive) {
          for (const [key, count] of Object.entries(await worker.drained())) stored.set(key, count);
        }
        return [...this.#ordersByKey.keys()].every((key) => stored.has(key));
      },
      { timeoutMs: STORES_TIMEOUT_MS, intervalMs: 200 },
    ).catch(print);
    return stored;
  }

  /**
   * Ends what is left, every part of it though another fails.
   *
   * @throws the first failure of a test that was settled. One that was not has failed before: its own error is the one to tell, those from
   *   here are printed.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const ended = endAll([
      ...this.#loads.map((load) => () => load.stop()),
      () => this.#reader.stop(),
      ...[...this.#workers].map((worker) => () => worker.remove()),
    ]);
    await (this.#isSettled ? ended : ended.catch(print));
  }

  /**
   * Waits for something that the reader is to see.
   *
   * @throws what made the reader fail, at once: it sees nothing more.
   * @throws {Error} after {@link PROGRESS_TIMEOUT_MS}, with what tells where it hangs: the input, a worker, a transaction, or the reader.
   */
  async #until(what: string, holds: () => boolean): Promise<void> {
    await eventually(what, () => this.#reader.failure !== undefined || holds(), {
      timeoutMs: PROGRESS_TIMEOUT_MS,
      intervalMs: 20,
    }).catch(async (error: Error) => {
      throw new Error(`${error.message}\n${await this.#standing()}`, { cause: error });
    });
    if (this.#reader.failure !== undefined) throw this.#reader.failure;
  }

  /** How far everybody is. */
  async #standing(): Promise<string> {
    const admin = new Admin(this.#cluster);
    const places = (names: readonly string[]): TopicPartition[] =>
      names.flatMap((name) => Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: name, partition })));
    const told = async (name: string, ask: () => Promise<readonly unknown[]>): Promise<string> =>
      `${name}: ${await ask().then((numbers) => numbers.join(', '), describeError)}`;
    const ends = async (
      asked: readonly TopicPartition[],
      isolation: NonNullable<OffsetQuery['isolation']>,
    ): Promise<number[]> =>
      (await admin.listOffsets(asked.map((place) => ({ ...place, at: 'latest', isolation })))).map(
        ({ offset }) => offset,
      );
    const { orders, enriched, counts } = this.topics;
    const inputs = places([orders]);
    const outputs = places([enriched, counts]);
    const committed = async (): Promise<unknown[]> =>
      (await admin.committedOffsets(this.applicationId, inputs)).map(({ offset }) => offset ?? 'none');
    const lines = [
      await told('ends of the orders', () => ends(inputs, 'read_uncommitted')),
      await told('offsets committed there', committed),
      await told('ends of the outputs', () => ends(outputs, 'read_uncommitted')),
      await told('ends of what is committed there', () => ends(outputs, 'read_committed')),
      await told('the reader stands at', async () => this.#reader.positions(outputs)),
      ...[...this.#workers].map(
        (worker, nth) =>
          `worker ${nth}${worker.hasEnded ? ' (ended)' : ''} told: ${JSON.stringify(worker.events.slice(-LAST_EVENTS))}`,
      ),
    ];
    return lines.join('\n');
  }

  /** What a store that is restored from the changelog would hold. */
  async #changelog(): Promise<Map<string, number>> {
    const rows = new Map<string, number>();
    const reader = new OutputReader(this.#cluster, ({ key, value }) => {
      if (value === null) rows.delete(key);
      else rows.set(key, Number(value));
    });
    try {
      await reader.start([`${this.applicationId}-counts-changelog`]);
      await reader.caughtUp();
    } finally {
      await reader.stop();
    }
    return rows;
  }

  #added(worker: WorkerProcess): WorkerProcess {
    this.#workers.add(worker);
    return worker;
  }

  #see({ topic, key, value }: OutputRecord): void {
    if (topic === this.topics.counts) {
      const counts = this.#countsByKey.get(key) ?? [];
      counts.push(Number(value));
      this.#countsByKey.set(key, counts);
      return;
    }
    const { id } = JSON.parse(value ?? '') as { id: string };
    const known = this.#ordersByKey.get(key) ?? new Set();
    this.#ordersByKey.set(key, known.add(id));
    this.ledger.seen(id);
    this.#seen += 1;
  }
}

function print(error: Error): void {
  process.stdout.write(`${error.message}\n`);
}

function differencesOf(
  what: string,
  expected: ReadonlyMap<string, number>,
  actual: ReadonlyMap<string, number>,
): string[] {
  const keys = new Set([...expected.keys(), ...actual.keys()]);
  return [...keys]
    .filter((key) => expected.get(key) !== actual.get(key))
    .map((key) => `${what} of ${key} is ${actual.get(key)}, the orders seen are ${expected.get(key)}`);
}

/** Where a sequence leaves 1, 2, 3 …, and what is around it. */
function excerpt(counts: readonly number[]): string {
  const at = counts.findIndex((count, nth) => count !== nth + 1);
  return `${counts.slice(Math.max(0, at - 2), at + 3).join(', ')} from place ${Math.max(0, at - 2)}`;
}
