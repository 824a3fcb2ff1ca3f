import { Admin, Producer, RecordProducer, type Cluster } from '@millrace/client';
import { EventPublisher, IngestStamp } from '@millrace/app-ingest';
import { FatalError, type Lifecycle } from '@millrace/kernel';
import { contractOf, REFERENCE_TIME_MS, describeFieldErrors, type Contract } from '@millrace/schemas';
import type { FaultyRecord } from '../data/faulty-records.js';
import type { ReplayOutput, ReplayPlan } from './replay-plan.js';

/** Its only partition carries no records: the replay's position is the offset that {@link GROUP} has committed for it. */
export const POSITION_TOPIC = 'replay.position';

const GROUP = 'replay';
const TRANSACTIONAL_ID = 'replay';
const POSITION_PARTITION = { topic: POSITION_TOPIC, partition: 0 };

/**
 * Publishes a plan in transactions, each of which also commits the position behind its last record. So after a crash the
 * position says exactly which records are in the topics: nothing is lost and nothing is doubled.
 *
 * Events go through ingest's own check and encoding; faulty records are sent as they are.
 */
export class ReplayProducer implements Lifecycle, ReplayOutput {
  readonly #plan: ReplayPlan;
  readonly #producer: Producer;
  readonly #records: RecordProducer;
  readonly #publisher: EventPublisher;
  readonly #stamp: IngestStamp;
  readonly #admin: Admin;
  #position = 0;

  constructor(plan: ReplayPlan, cluster: Cluster) {
    this.#plan = plan;
    this.#producer = new Producer(cluster, { transactionalId: TRANSACTIONAL_ID });
    this.#records = new RecordProducer(this.#producer);
    this.#publisher = new EventPublisher(this.#records);
    this.#stamp = new IngestStamp(cluster.clock);
    this.#admin = new Admin(cluster);
  }

  /** How many records of the plan have been published and committed. */
  get position(): number {
    return this.#position;
  }

  get isDone(): boolean {
    return this.#position >= this.#plan.length;
  }

  /** Ends what an earlier run left open, then reads the position that it had committed. */
  async start(): Promise<void> {
    await this.#producer.start();
    const [committed] = await this.#admin.committedOffsets(GROUP, [POSITION_PARTITION]);
    this.#position = Math.max(0, committed?.offset ?? 0);
    if (this.#position <= this.#plan.length) return;
    throw new FatalError(
      'MR_STATE_INCOMPATIBLE',
      `the cluster says that ${this.#position} records were replayed, but there are only ${this.#plan.length}: it was made with other data or options`,
    );
  }

  async stop(): Promise<void> {
    await this.#producer.stop();
  }

  /**
   * Publishes the next records as one transaction; returns when it is committed.
   *
   * @param count At most so many.
   */
  async publishNext(count: number): Promise<void> {
    const end = Math.min(this.#position + count, this.#plan.length);
    this.#producer.beginTransaction();
    this.#plan.publish(this.#position, end, this);
    await this.#records.flush();
    await this.#producer.sendOffsets([{ ...POSITION_PARTITION, offset: end }], {
      groupId: GROUP,
      generationId: -1,
      memberId: '',
    });
    await this.#producer.commitTransaction();
    this.#position = end;
  }

  event(topic: string, event: object): void {
    const contract = contractOf(topic) as Contract<unknown, unknown>;
    const problems = this.#publisher.publish(contract, event, this.#stamp.headers());
    if (problems.length === 0) return;
    throw new FatalError(
      'MR_RECORD_CONTRACT_VIOLATION',
      `the data has a row that breaks the contract of '${topic}': ${describeFieldErrors(problems)}`,
      { place: { topic } },
    );
  }

  /** Its event time is that of the reference tables, so that it moves no stream time ahead of the events. */
  raw({ topic, key, value }: FaultyRecord): void {
    this.#records.send(topic, key, value, { timestampMs: REFERENCE_TIME_MS, headers: this.#stamp.headers() });
  }
}
