/**
 * Interactive queries: reads of the stores of an application, wherever in the group they are.
 *
 *   query ─► partition of the key, or all ─► active here? standby here, where allowed? ─► answered at once
 *                                              └─ no ─► the directory: active elsewhere, then standbys, where allowed
 *                                                         └─ nobody, or nobody answers ─► MR_QUERY_UNAVAILABLE (retry)
 *
 * Invariants:
 * - a store is read between two turns of its thread, in one go: an answer of one partition is of one moment;
 * - by default it shows what is committed and nothing else;
 * - what another member asked is answered here or refused, never passed on;
 * - an answer is whole: when the task of one partition does not answer, the query fails;
 * - one member that is silent costs its share of the time, not that of those who are asked after it.
 */
import { TransientError, isMillraceError, toMs, type Clock, type Duration } from '@millrace/kernel';
import { checkQuery, type QueryIsolation, type StoreQuery, type StoreRow, type StoreSpec } from '@millrace/streams';
import type { GroupDirectory } from './group-directory.js';
import { mergeRows } from './merge-rows.js';
import { readAnswers, type AnswerSource, type MemberQuery, type PartitionAnswer } from './member-protocol.js';
import { RETRY_AFTER_MS, invalidQuery, unavailable } from './query-errors.js';
import type { QueryTransport } from './query-transport.js';
import type { CataloguedStore, StoreCatalog } from './store-catalog.js';
import type { StoreReplica } from './store-replica.js';
import type { DirectoryMember } from './task-directory.js';

/** How a query is answered. */
export interface QueryOptions {
  /**
   * Whether a standby may answer, which may lag behind: one in this process rather than another member, one elsewhere when the
   * active task does not answer (KIP-535). Default false.
   */
  readonly allowStandby?: boolean;
  /** How many records of the changelog a standby's answer may lack. Default: any number. */
  readonly maxLagRecords?: number;
  /** Whether writes of the open transaction are seen. Default `read_committed`: no. */
  readonly isolation?: QueryIsolation;
  /** The partition to ask. Default: that of the key by Kafka's default partitioner, or all for queries of many keys. */
  readonly partition?: number;
  /** How long other members may take, all that are asked one after the other together. Default 5 s. */
  readonly timeout?: Duration;
  /** Gives the query up. */
  readonly signal?: AbortSignal;
}

/** What a query found, and where. */
export interface QueryAnswer {
  readonly rows: readonly StoreRow[];
  /** One for each partition that was asked. */
  readonly sources: readonly AnswerSource[];
}

/** Where the row of a key is. */
export interface KeyLocation {
  readonly partition: number;
  readonly taskId: string;
  /** `undefined` while the task moves. */
  readonly active: DirectoryMember | undefined;
  readonly standbys: readonly DirectoryMember[];
}

/** What {@link StoreQueries} needs. */
export interface StoreQueriesParts {
  /** This process. */
  readonly member: string;
  /** Where others reach it. */
  readonly advertisedUrl: () => string | undefined;
  readonly catalog: StoreCatalog;
  readonly directory: GroupDirectory;
  /** The copies of a task's stores in this process. */
  readonly replicasOf: (taskId: string) => readonly StoreReplica[];
  readonly transport: QueryTransport;
  readonly clock: Clock;
}

const TIMEOUT_MS = 5_000;

/** A partition that nobody here answers for, and who may elsewhere, in order. */
interface Elsewhere {
  readonly partition: number;
  readonly taskId: string;
  readonly members: readonly DirectoryMember[];
}

type Asked = Omit<MemberQuery, 'partitions'>;

/** See the head of this file. */
export class StoreQueries {
  readonly #parts: StoreQueriesParts;

  constructor(parts: StoreQueriesParts) {
    this.#parts = parts;
  }

  /** Whether the application has a store of this name. */
  has(store: string): boolean {
    return this.#parts.catalog.has(store);
  }

  /** What a store holds, and its serdes. @throws {RecordError} (dead-letter) `MR_QUERY_STORE_UNKNOWN`. */
  spec(store: string): StoreSpec {
    return this.#parts.catalog.find(store).spec;
  }

  /** Where the row of a key is, as of the last rebalance. Throws as {@link spec}. */
  locate(store: string, key: Buffer): KeyLocation {
    const { catalog, directory } = this.#parts;
    const found = catalog.find(store);
    const partition = catalog.partitionOf(found, key);
    const { key: subTopology } = found.subTopology.layout;
    const [active] = directory.membersWith('active', subTopology, partition);
    const standbys = directory.membersWith('standby', subTopology, partition);
    return { partition, taskId: taskOf(found, partition), active, standbys };
  }

  /**
   * Answers a query, here or by the members that have the tasks.
   *
   * @throws {RecordError} (dead-letter) `MR_QUERY_STORE_UNKNOWN`, or `MR_QUERY_INVALID` when the store cannot be asked this.
   * @throws {TransientError} (retry) `MR_QUERY_UNAVAILABLE` while a task moves or restores, or its member does not answer; with
   *   `retryAfterMs`.
   */
  async ask(store: string, query: StoreQuery, options: QueryOptions = {}): Promise<QueryAnswer> {
    const found = this.#parts.catalog.find(store);
    checkQuery(found.spec, query);
    const asked = askedBy(query, options);
    const timeoutMs = options.timeout === undefined ? TIMEOUT_MS : toMs(options.timeout);
    const answers: PartitionAnswer[] = [];
    const elsewhere: Elsewhere[] = [];
    for (const partition of this.#partitionsOf(found, query, options.partition)) {
      const answer = this.#answerHere(found, partition, asked);
      if (answer === undefined) elsewhere.push(this.#elsewhere(found, partition, asked.allowStandby));
      else answers.push(answer);
    }
    if (elsewhere.length > 0) {
      const endMs = this.#parts.clock.monotonicMs() + timeoutMs;
      const sent = this.#withTimeout(timeoutMs, options.signal, (signal) =>
        this.#send(found, elsewhere, asked, signal, endMs),
      );
      answers.push(...(await sent));
    }
    answers.sort((one, other) => one.source.partition - other.source.partition);
    const rows = mergeRows(
      found.spec,
      query,
      answers.map((answer) => answer.rows),
    );
    return { rows, sources: answers.map(({ source }) => source) };
  }

  /**
   * Answers what another member asks, from the stores of this process alone.
   *
   * @throws {TransientError} (retry) `MR_QUERY_UNAVAILABLE` when a task is not here, or is not restored. Else as {@link ask}.
   */
  answerHere(store: string, { partitions, ...asked }: MemberQuery): PartitionAnswer[] {
    const found = this.#parts.catalog.find(store);
    checkQuery(found.spec, asked.query);
    return partitions.map((partition) => {
      this.#parts.catalog.checkPartition(found, partition);
      const answer = this.#answerHere(found, partition, asked);
      if (answer !== undefined) return answer;
      throw unavailable(taskOf(found, partition), 'it is not here, or is being restored');
    });
  }

  #partitionsOf(store: CataloguedStore, query: StoreQuery, partition: number | undefined): readonly number[] {
    const { catalog } = this.#parts;
    if (partition !== undefined) {
      catalog.checkPartition(store, partition);
      return [partition];
    }
    const count = catalog.partitionCount(store);
    if (count === 0) throw unavailable(`${store.subTopology.layout.key}_*`, 'the application has not started yet');
    return 'key' in query ? [catalog.partitionOf(store, query.key)] : Array.from({ length: count }, (_, nth) => nth);
  }

  #answerHere(store: CataloguedStore, partition: number, asked: Asked): PartitionAnswer | undefined {
    const { allowStandby, maxLagRecords = Infinity, query, isolation } = asked;
    const taskId = taskOf(store, partition);
    const replicas = this.#parts.replicasOf(taskId).filter(({ isReadable }) => isReadable);
    const { name } = store.spec;
    const replica =
      replicas.find(({ role }) => role === 'active') ??
      replicas.find((each) => allowStandby && each.lagRecords(name) <= maxLagRecords);
    if (replica === undefined) return undefined;
    const lagRecords = replica.lagRecords(name);
    const source = { partition, taskId, role: replica.role, lagRecords, member: this.#parts.member };
    return { source, rows: replica.query(name, query, isolation) };
  }

  #elsewhere(store: CataloguedStore, partition: number, allowStandby: boolean): Elsewhere {
    const { directory, member: self, advertisedUrl } = this.#parts;
    const ownUrl = advertisedUrl();
    const { key } = store.subTopology.layout;
    const active = directory.membersWith('active', key, partition);
    const standbys = allowStandby ? directory.membersWith('standby', key, partition) : [];
    // Worker threads of one process are members of their own, each with an address of its own.
    const isSelf = (member: DirectoryMember): boolean => member.processId === self && member.advertisedUrl === ownUrl;
    const members = [...active, ...standbys].filter((member) => !isSelf(member));
    return { partition, taskId: taskOf(store, partition), members };
  }

  /** Asks the members in question, each once for all its partitions; those that do not answer are replaced by the next. */
  async #send(
    store: CataloguedStore,
    waiting: readonly Elsewhere[],
    asked: Asked,
    signal: AbortSignal,
    endMs: number,
  ): Promise<PartitionAnswer[]> {
    const answers: PartitionAnswer[] = [];
    for (let nth = 0; waiting.length > 0; nth++) {
      const byUrl = Map.groupBy(waiting, ({ taskId, members }) => this.#urlOf(taskId, members[nth], nth));
      const attempts = await Promise.all(
        [...byUrl].map(async ([url, those]) => {
          const partitions = those.map(({ partition }) => partition);
          const question = { ...asked, partitions };
          const turns = Math.max(...those.map(({ members }) => members.length - nth));
          const turnMs = (endMs - this.#parts.clock.monotonicMs()) / turns;
          try {
            const body = await this.#withTimeout(turnMs, signal, (turn) =>
              this.#parts.transport.ask(url, store.spec.name, question, turn),
            );
            answers.push(...checkAnswers(readAnswers(store.spec, body), those, url));
            return [];
          } catch (error) {
            // The last one in question says why nobody answers.
            const isLast = those.some(({ members }) => members.length === nth + 1);
            if (isLast || signal.aborted || !isMillraceError(error) || error.disposition !== 'retry') throw error;
            return those;
          }
        }),
      );
      waiting = attempts.flat();
    }
    return answers;
  }

  #urlOf(taskId: string, member: DirectoryMember | undefined, nth: number): string {
    if (member?.advertisedUrl !== undefined) return member.advertisedUrl;
    if (member !== undefined) {
      throw unavailable(taskId, `its member '${member.processId}' advertises no address: set advertisedUrl`);
    }
    throw unavailable(taskId, nth === 0 ? 'it is moving or being restored' : 'its members do not answer');
  }

  async #withTimeout<T>(
    timeoutMs: number,
    given: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const timeout = new AbortController();
    const late = new TransientError(
      'MR_QUERY_UNAVAILABLE',
      `other members did not answer within ${Math.ceil(timeoutMs)} ms`,
      { retryAfterMs: RETRY_AFTER_MS },
    );
    const timer = this.#parts.clock.setTimer(timeoutMs, () => timeout.abort(late), { unref: true });
    const signal = given === undefined ? timeout.signal : AbortSignal.any([timeout.signal, given]);
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    try {
      // A transport that does not listen to its signal is not waited for.
      return await Promise.race([aborted.promise, work(signal)]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      timer.cancel();
      // One that failed leaves the others no one who waits for them.
      timeout.abort();
    }
  }
}

function askedBy(
  query: StoreQuery,
  { allowStandby = false, isolation = 'read_committed', maxLagRecords }: QueryOptions,
): Asked {
  if (maxLagRecords === undefined) return { query, allowStandby, isolation };
  if (!(maxLagRecords >= 0)) throw invalidQuery(`maxLagRecords: ${maxLagRecords} is not a number of records`);
  return { query, allowStandby, isolation, maxLagRecords };
}

/** What a member answered, if it is about the tasks that it was asked for: an address may belong to somebody else by now. */
function checkAnswers(
  answers: readonly PartitionAnswer[],
  asked: readonly Elsewhere[],
  url: string,
): readonly PartitionAnswer[] {
  const answered = new Set(answers.map(({ source }) => source.taskId));
  const missing = asked.find(({ taskId }) => !answered.has(taskId));
  if (missing === undefined && answers.length === asked.length) return answers;
  throw unavailable(missing?.taskId ?? [...answered].join(', '), `${url} has answered for other tasks`);
}

function taskOf({ subTopology }: CataloguedStore, partition: number): string {
  return `${subTopology.layout.key}_${partition}`;
}
