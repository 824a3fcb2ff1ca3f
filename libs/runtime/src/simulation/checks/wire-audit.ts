/**
 * Listens on the wire between the processes and the broker, where it shows who commits what.
 *
 * Committed offsets are followed transaction by transaction, and commit by commit where there are none, so that none goes
 * back unseen. A broker that is killed may have kept a commit that it did not answer any more: whoever asks for offsets is told.
 * Who is refused because it was replaced is counted by host.
 */
import { brokerChannels } from '@millrace/broker';
import { ErrorCodes, apiByKey, apis, decodeRequestFrame, decodeResponseFrame } from '@millrace/protocol';
import type { Frame } from '../world/simulated-network.js';
import { Violation } from './violation.js';

/** A frame on the wire begins with its size. */
const SIZE_BYTES = 4;

const FENCED: ReadonlySet<number> = new Set([
  ErrorCodes.UNKNOWN_MEMBER_ID,
  ErrorCodes.ILLEGAL_GENERATION,
  ErrorCodes.FENCED_INSTANCE_ID,
  ErrorCodes.PRODUCER_FENCED,
  ErrorCodes.INVALID_PRODUCER_EPOCH,
  ErrorCodes.INVALID_PRODUCER_ID_MAPPING,
]);

type Body<A extends keyof typeof apis> = ReturnType<(typeof apis)[A]['decodeRequest']>;
type Answer<A extends keyof typeof apis> = ReturnType<(typeof apis)[A]['decodeResponse']>;

/** Offsets on their way to the broker, within a transaction or without. */
interface OffsetsSent {
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly topics: Body<'TxnOffsetCommit'>['topics'] | Body<'OffsetCommit'>['topics'];
  readonly transactionalId?: string;
}

/** A request that was sent and not answered yet. */
export interface OpenRequest {
  readonly apiKey: number;
  readonly version: number;
  readonly commit?: OffsetsSent;
  readonly join?: Body<'JoinGroup'>;
}

/** A request of an application was seen that its answer may turn into a commit, an abort or a refusal. */
const WATCHED: ReadonlySet<number> = new Set(
  [
    apis.Heartbeat,
    apis.JoinGroup,
    apis.SyncGroup,
    apis.TxnOffsetCommit,
    apis.OffsetCommit,
    apis.OffsetFetch,
    apis.EndTxn,
    apis.Produce,
    apis.AddPartitionsToTxn,
    apis.AddOffsetsToTxn,
  ].map(({ key }) => key),
);

/** See the head of this file. */
export class WireAudit {
  readonly #groupId: string;
  readonly #open = new Map<string, OpenRequest>();
  readonly #pending = new Map<string, Map<string, number>>();
  readonly #committed = new Map<string, number>();
  readonly #reached = new Map<string, number>();
  readonly #refusals = new Map<string, number>();
  readonly #generations = new Map<string, number>();
  /** Requests that arrived after their sender had given them up. */
  readonly #late = new Set<string>();
  readonly #lateJoins = new Set<string>();
  /** The member that has an instance id now. */
  readonly #staticMembers = new Map<string, string>();
  readonly #committedElsewhere: (groupId: string, topic: string, partition: number, offset: number) => void;
  readonly #violated: (violation: Violation) => void;
  readonly #unsubscribe: (() => void)[];
  #generation = 0;
  #isServing = false;
  /** Transactions of the application that were committed, and aborted by whom. */
  commits = 0;
  /** Commits of offsets without a transaction. */
  plainCommits = 0;
  aborts = 0;
  timeouts = 0;
  generations = 0;

  /** @param committedElsewhere Called for each offset that another group has committed. */
  constructor(
    groupId: string,
    violated: (violation: Violation) => void,
    committedElsewhere: (groupId: string, topic: string, partition: number, offset: number) => void,
  ) {
    this.#groupId = groupId;
    this.#violated = violated;
    this.#committedElsewhere = committedElsewhere;
    this.#unsubscribe = [
      brokerChannels.groupState.subscribe((event) => {
        if (event.groupId !== groupId) return;
        if (event.generationId > this.#generation) this.generations += 1;
        this.#generation = event.generationId;
      }),
      brokerChannels.transactionState.subscribe(({ transactionalId, to }) => this.#transaction(transactionalId, to)),
    ];
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  /** The present generation of the group. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * The greatest offset that the group has committed. At least once, a copy of a commit that comes late may have set it back since:
   * what is repeated then was consumed all the same.
   */
  reached(topic: string, partition: number): number {
    return this.#reached.get(`${topic}/${partition}`) ?? 0;
  }

  /** How often a host was refused because it was replaced. */
  refusalsOf(host: string): number {
    return this.#refusals.get(host) ?? 0;
  }

  /**
   * Whether a copy of a JoinGroup reached the broker after its sender had given it up. With an instance id it takes the place
   * of whoever has joined meanwhile, which is then fenced: by Kafka's rules, nothing tells the two apart.
   */
  hasLateJoin(slot: string): boolean {
    return this.#lateJoins.has(slot);
  }

  /** The last generation in which a host took part. */
  generationOf(host: string): number {
    return this.#generations.get(host) ?? -1;
  }

  requestSent({ bytes, linkId }: Frame): void {
    const apiKey = bytes.readInt16BE(4);
    if (!WATCHED.has(apiKey)) return;
    const version = bytes.readInt16BE(6);
    const { body } = decodeRequestFrame(bytes.subarray(SIZE_BYTES));
    this.#open.set(`${linkId}/${bytes.readInt32BE(8)}`, {
      apiKey,
      version,
      ...(isOffsets(apiKey) && { commit: offsetsSent(apiKey, version, body) }),
      ...(apiKey === apis.JoinGroup.key && { join: apis.JoinGroup.decodeRequest(body, version) }),
    });
  }

  /** The request that a frame answers, if it is one of those that are watched. */
  requestOf({ bytes, linkId }: Frame): OpenRequest | undefined {
    return this.#open.get(`${linkId}/${bytes.readInt32BE(4)}`);
  }

  requestArrives({ bytes, link, linkId, host }: Frame): void {
    this.#isServing = true;
    if (link.client.isClosed) {
      if (bytes.readInt16BE(4) === apis.JoinGroup.key) this.#lateJoins.add(slotOf(host.name));
      this.#late.add(`${linkId}/${bytes.readInt32BE(8)}`);
    }
    // The broker serves within the same turn; what it does later it does of its own accord.
    setImmediate(() => (this.#isServing = false));
  }

  answerSent({ bytes, linkId, host }: Frame): void {
    const id = `${linkId}/${bytes.readInt32BE(4)}`;
    const request = this.#open.get(id);
    if (request === undefined) return;
    this.#open.delete(id);
    const api = apiByKey(request.apiKey);
    if (api === undefined) return;
    const { body } = decodeResponseFrame(api, request.version, bytes.subarray(SIZE_BYTES));
    if (request.join !== undefined) this.#joined(host.name, request.join, body as Answer<'JoinGroup'>);
    if (errorsIn(api.key, body).some((code) => FENCED.has(code))) {
      this.#refusals.set(host.name, this.refusalsOf(host.name) + 1);
    }
    if (api.key === apis.OffsetFetch.key) this.#told(body as Answer<'OffsetFetch'>);
    const isLate = this.#late.delete(id);
    if (request.commit !== undefined)
      this.#offsets(host.name, request.commit, body as Answer<'TxnOffsetCommit'>, isLate);
  }

  #joined(host: string, { groupId, groupInstanceId }: Body<'JoinGroup'>, answer: Answer<'JoinGroup'>): void {
    if (answer.errorCode !== ErrorCodes.NONE || groupId !== this.#groupId) return;
    this.#generations.set(host, answer.generationId);
    if (groupInstanceId !== null) this.#staticMembers.set(groupInstanceId, answer.memberId);
  }

  #offsets(
    host: string,
    commit: OffsetsSent,
    answer: Answer<'TxnOffsetCommit' | 'OffsetCommit'>,
    isLate: boolean,
  ): void {
    const isAccepted = answer.topics.every(({ partitions }) => partitions.every(({ errorCode }) => errorCode === 0));
    if (!isAccepted) return;
    if (commit.groupId !== this.#groupId) {
      for (const { name, partitions } of commit.topics) {
        for (const each of partitions) {
          this.#committedElsewhere(commit.groupId, name, each.partitionIndex, each.committedOffset);
        }
      }
      return;
    }
    const { generationId, memberId, groupInstanceId } = commit;
    const isReplaced = groupInstanceId !== null && this.#staticMembers.get(groupInstanceId) !== memberId;
    if (generationId !== this.#generation || isReplaced) {
      const who = isReplaced ? `${host}, which was replaced,` : `${host}, of generation ${generationId},`;
      const message = `offsets of ${who} were accepted in generation ${this.#generation}`;
      this.#violated(new Violation('zombie-refused', message));
    }
    const offsets = commit.topics.flatMap(({ name, partitions }) =>
      partitions.map((each) => [`${name}/${each.partitionIndex}`, each.committedOffset] as const),
    );
    if (commit.transactionalId === undefined) {
      this.plainCommits += 1;
      // Nothing tells a late copy from a commit of now.
      for (const [place, offset] of offsets) this.#moves(place, offset, isLate);
      return;
    }
    const pending = this.#pending.get(commit.transactionalId) ?? new Map<string, number>();
    this.#pending.set(commit.transactionalId, pending);
    for (const [place, offset] of offsets) pending.set(place, offset);
  }

  #told({ groups }: Answer<'OffsetFetch'>): void {
    for (const { groupId, topics } of groups) {
      if (groupId !== this.#groupId) continue;
      for (const { name, partitions } of topics) {
        for (const { partitionIndex, committedOffset } of partitions) {
          const place = `${name}/${partitionIndex}`;
          if (committedOffset > (this.#committed.get(place) ?? 0)) this.#moves(place, committedOffset, false);
        }
      }
    }
  }

  #transaction(transactionalId: string, to: string): void {
    if (!transactionalId.startsWith(`${this.#groupId}-`)) return;
    const pending = this.#pending.get(transactionalId);
    if (to === 'PrepareCommit') {
      this.commits += 1;
      this.#pending.delete(transactionalId);
      for (const [place, offset] of pending ?? []) this.#moves(place, offset, false);
    }
    if (to === 'PrepareAbort') {
      this.#pending.delete(transactionalId);
      if (this.#isServing) this.aborts += 1;
      else this.timeouts += 1;
    }
  }

  #moves(place: string, offset: number, mayGoBack: boolean): void {
    const before = this.#committed.get(place) ?? 0;
    this.#committed.set(place, offset);
    this.#reached.set(place, Math.max(offset, this.#reached.get(place) ?? 0));
    if (offset >= before || mayGoBack) return;
    this.#violated(
      new Violation('offsets-never-back', `the committed offset of ${place} went from ${before} to ${offset}`),
    );
  }
}

/** The error codes in an answer to one of the watched requests. */
function errorsIn(apiKey: number, body: unknown): number[] {
  if (isOffsets(apiKey)) {
    const { topics } = body as Answer<'TxnOffsetCommit' | 'OffsetCommit'>;
    return topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
  }
  if (apiKey === apis.OffsetFetch.key) {
    const { groups } = body as Answer<'OffsetFetch'>;
    return groups.map(({ errorCode }) => errorCode);
  }
  if (apiKey === apis.Produce.key) {
    const { responses } = body as Answer<'Produce'>;
    return responses.flatMap(({ partitionResponses }) => partitionResponses.map(({ errorCode }) => errorCode));
  }
  if (apiKey === apis.AddPartitionsToTxn.key) {
    const { resultsByTopicV3AndBelow: results } = body as Answer<'AddPartitionsToTxn'>;
    return results.flatMap(({ resultsByPartition }) => resultsByPartition.map((each) => each.partitionErrorCode));
  }
  return [(body as { readonly errorCode: number }).errorCode];
}

function isOffsets(apiKey: number): boolean {
  return apiKey === apis.TxnOffsetCommit.key || apiKey === apis.OffsetCommit.key;
}

function offsetsSent(
  apiKey: number,
  version: number,
  body: Parameters<typeof apis.OffsetCommit.decodeRequest>[0],
): OffsetsSent {
  if (apiKey === apis.TxnOffsetCommit.key) return apis.TxnOffsetCommit.decodeRequest(body, version);
  const { generationIdOrMemberEpoch: generationId, ...rest } = apis.OffsetCommit.decodeRequest(body, version);
  return { ...rest, generationId };
}

/** The slot of a process: hosts are named after it and the number of the start. */
function slotOf(host: string): string {
  return host.slice(0, host.indexOf('.'));
}
