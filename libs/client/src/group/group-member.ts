/**
 * A member of a consumer group, by the classic protocol (KIP-62, KIP-345, KIP-394, KIP-429).
 *
 *   stopped ──start──▶ joining ──JoinGroup, SyncGroup──▶ assigning ──onRevoked, onAssigned──▶ stable
 *                         ▲                                                                      │
 *                         ├── rebalance, rejoin(), more partitions: eager members revoke all ◀───┤
 *                         └── session lost, generation unknown: onLost ◀─────────────────────────┘
 *   any ──stop()──▶ onRevoked, LeaveGroup ──▶ stopped        any ──an error for good──▶ failed
 *
 * Invariants:
 * - callbacks never overlap, and each is awaited before the next request of the protocol;
 * - heartbeats go on from SyncGroup until the next JoinGroup, also during callbacks;
 * - `groupMetadata` never falls back to "no member" once it was one: a zombie must be fenced, not taken for an outsider.
 */
import { describeError, isMillraceError, sleep } from '@millrace/kernel';
import { errorName, ErrorCodes } from '@millrace/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { backoffMs } from '../cluster/retry.js';
import { clientChannels, type GroupEvent } from '../diagnostics/channels.js';
import { mayBeRepeated } from '../errors/broker-errors.js';
import { partitionKey, type TopicPartition } from '../metadata/topic-metadata.js';
import type { OffsetToCommit } from '../transaction/transactional-offsets.js';
import { committedOffsets, type CommittedOffset } from './committed-offsets.js';
import { commitGroupOffsets } from './commit-offsets.js';
import type { GroupMembership } from './group-membership.js';
import type { GroupMetadata } from './group-metadata.js';
import { resolveGroupTimes, topicsOf, type GroupMemberOptions } from './group-options.js';
import { joinGroup, leaveGroup, syncGroup, type GroupContext, type Joined } from './group-requests.js';
import { Heartbeats } from './heartbeats.js';
import { LeaderDuties } from './leader-duties.js';

type GroupPhase = 'stopped' | 'joining' | 'assigning' | 'stable' | 'failed';

/** Carries an error of a callback past all that is tried again: it is nothing of the protocol. */
class CallbackFailure extends Error {
  readonly error: Error;

  constructor(error: Error) {
    super('a callback of the group member has thrown', { cause: error });
    this.error = error;
  }
}

/** See the head of this file. Made on a started cluster. */
export class GroupMember implements GroupMembership {
  readonly #options: GroupMemberOptions;
  readonly #context: GroupContext;
  readonly #heartbeats: Heartbeats;
  readonly #duties: LeaderDuties;
  readonly #isCooperative: boolean;
  #phase: GroupPhase = 'stopped';
  #stopping = new AbortController();
  #run: Promise<void> = Promise.resolve();
  #memberId = '';
  #metadata: GroupMetadata;
  #owned: readonly TopicPartition[] = [];
  #ownedGeneration = -1;
  #isNewcomer = true;
  #rejoinReason: string | undefined;
  #lost: Error | undefined;
  #wake: (() => void) | undefined;

  /** @throws {ConfigurationError} (stop-app) naming everything that is wrong with the options. */
  constructor(cluster: Cluster, options: GroupMemberOptions) {
    const { groupId, instanceId, assignors } = options;
    this.#options = options;
    this.#context = {
      cluster,
      purpose: cluster.newPurpose('group'),
      groupId,
      instanceId,
      times: resolveGroupTimes(options),
    };
    this.#metadata = { groupId, generationId: -1, memberId: '', ...(instanceId !== undefined && { instanceId }) };
    this.#isCooperative = assignors.every(({ protocol }) => protocol === 'cooperative');
    this.#heartbeats = new Heartbeats(this.#context, {
      rebalancing: () => this.#disturb('the group rebalances'),
      ended: (error) => {
        this.#lost = error;
        this.#wake?.();
      },
    });
    this.#duties = new LeaderDuties(cluster, assignors, () => this.#disturb('topics have other partitions'));
  }

  /** Who this member is; to be handed to {@link Producer.sendOffsets}. Read it anew for each commit. */
  get groupMetadata(): GroupMetadata {
    return this.#metadata;
  }

  /** Whether the member belongs to a generation and has learned its share. */
  get isMember(): boolean {
    return this.#phase === 'stable' || this.#phase === 'assigning';
  }

  /** Whether the member is between two generations: commits may be refused although nothing is lost. */
  get isRebalancing(): boolean {
    return this.#phase === 'joining';
  }

  /** What the member owns now. */
  get assignment(): readonly TopicPartition[] {
    return this.#owned;
  }

  /**
   * Begins to take part; returns before the first assignment, which `onAssigned` tells.
   *
   * @throws {FatalError} (stop-app) when a topic does not exist.
   */
  async start(): Promise<void> {
    if (this.#phase !== 'stopped') return;
    await this.#context.cluster.knownTopics(topicsOf(this.#options));
    this.#stopping = new AbortController();
    this.#phase = 'joining';
    this.#isNewcomer = true;
    this.#rejoinReason = undefined;
    this.#lost = undefined;
    this.#run = this.#live();
  }

  /** Gives up everything owned (`onRevoked`) and leaves. A static member stays in the group until its session ends. */
  async stop(): Promise<void> {
    if (this.#phase === 'stopped') return;
    const { cluster, purpose } = this.#context;
    this.#stopping.abort();
    this.#wake?.();
    cluster.closeLinks(purpose);
    await this.#run;
    // A request that was on its way to a connection when the first call closed them.
    cluster.closeLinks(purpose);
    try {
      await this.#revoke(this.#owned);
    } catch (failure) {
      throw unwrapped(failure);
    } finally {
      await this.#leave();
      cluster.closeLinks(`${purpose}-heartbeat`);
      this.#phase = 'stopped';
    }
  }

  /** Makes the group assign anew, for example because `userData` has changed. */
  rejoin(reason: string): void {
    this.#disturb(reason);
  }

  /**
   * Commits offsets outside of any transaction, fenced by the generation.
   *
   * @throws {TaskError} (restart-task) `MR_GROUP_REBALANCED` when the generation is over.
   */
  commitOffsets(offsets: readonly OffsetToCommit[]): Promise<void> {
    return commitGroupOffsets(this.#context.cluster, this.#metadata, offsets);
  }

  /** Offsets that the group has committed; waits for those of open transactions (KIP-447). */
  committedOffsets(partitions: readonly TopicPartition[]): Promise<CommittedOffset[]> {
    return committedOffsets(this.#context.cluster, this.#context.groupId, partitions);
  }

  async #live(): Promise<void> {
    let failures = 0;
    let reason = 'start';
    while (!this.#stopping.signal.aborted) {
      try {
        const again = await this.#rebalance(reason);
        failures = 0;
        reason = again ?? (await this.#disturbance());
      } catch (error) {
        if (this.#stopping.signal.aborted && !(error instanceof CallbackFailure)) return;
        try {
          await this.#recover(error, ++failures);
          reason = describe(error);
        } catch (final) {
          await this.#fail(unwrapped(final));
          return;
        }
      }
    }
  }

  /** One rebalance. @returns why the next must follow at once, if it must. */
  async #rebalance(reason: string): Promise<string | undefined> {
    this.#tell('rebalancing', { reason });
    await this.#callback(async () => this.#options.onRejoining?.());
    if (!this.#isCooperative) await this.#revoke(this.#owned);
    this.#throwIfLost();
    this.#phase = 'joining';
    this.#rejoinReason = undefined;
    this.#heartbeats.stop();
    const joined = await this.#join(reason);
    const shares = joined.members === undefined ? new Map<string, never>() : await this.#duties.assign(joined);
    const share = await this.#unlessStopped(syncGroup(this.#context, joined, shares));
    this.#heartbeats.start(joined.generationId, joined.memberId);
    this.#phase = 'assigning';
    this.#tell('joined', { partitions: share.partitions.length });
    return this.#takeOver(joined, share.partitions, share.userData ?? null);
  }

  async #join(reason: string): Promise<Joined> {
    const { assignors, userData } = this.#options;
    for (;;) {
      this.#stopping.signal.throwIfAborted();
      const joining = joinGroup(this.#context, {
        memberId: this.#memberId,
        topics: topicsOf(this.#options),
        assignors,
        userData: userData?.() ?? null,
        owned: this.#owned,
        generationId: this.#ownedGeneration,
        reason,
      });
      const joined = await this.#unlessStopped(joining);
      if ('givenMemberId' in joined) {
        this.#memberId = joined.givenMemberId;
        continue;
      }
      this.#memberId = joined.memberId;
      this.#metadata = { ...this.#metadata, generationId: joined.generationId, memberId: joined.memberId };
      return joined;
    }
  }

  /** Waits for an answer of the group, which takes as long as its slowest member, but not beyond {@link stop}. */
  async #unlessStopped<T>(answer: Promise<T>): Promise<T> {
    const { signal } = this.#stopping;
    const stopped = Promise.withResolvers<never>();
    const abort = (): void => stopped.reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await Promise.race([answer, stopped.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async #takeOver(
    joined: Joined,
    assigned: readonly TopicPartition[],
    userData: Buffer | null,
  ): Promise<string | undefined> {
    const owned = new Set(this.#owned.map(keyOf));
    const stays = new Set(assigned.map(keyOf));
    const revoked = this.#owned.filter((partition) => !stays.has(keyOf(partition)));
    await this.#revoke(revoked);
    this.#owned = assigned;
    this.#ownedGeneration = joined.generationId;
    const added = assigned.filter((partition) => !owned.has(keyOf(partition)));
    const { generationId, memberId } = joined;
    await this.#callback(() => this.#options.onAssigned(added, { generationId, memberId, userData, owned: assigned }));
    this.#phase = 'stable';
    const isStatic = this.#isCooperative && this.#context.instanceId !== undefined;
    // An assignor that tells members something of its own tells them of this too.
    const mayBeIncomplete = this.#isNewcomer && isStatic && (userData === null || userData.length === 0);
    this.#isNewcomer = false;
    if (revoked.length > 0) return 'partitions were given up';
    // A static member gets what its predecessor had, without a rebalance. If that one died after it had given partitions up and
    // before it told the group, nobody else will ever ask who gets them.
    return mayBeIncomplete ? 'a predecessor may have left partitions to nobody' : undefined;
  }

  /** Waits until something ends the quiet. @returns why the member must join again. */
  async #disturbance(): Promise<string> {
    while (this.#rejoinReason === undefined && this.#lost === undefined && !this.#stopping.signal.aborted) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    this.#throwIfLost();
    return this.#rejoinReason ?? 'stop';
  }

  #disturb(reason: string): void {
    this.#rejoinReason ??= reason;
    this.#wake?.();
  }

  #throwIfLost(): void {
    const lost = this.#lost;
    this.#lost = undefined;
    if (lost !== undefined) throw lost;
  }

  /** Prepares the next attempt. @throws when there must be none. */
  async #recover(error: unknown, failures: number): Promise<void> {
    if (error instanceof CallbackFailure) throw error;
    if (isMillraceError(error) && error.code === 'MR_GROUP_REBALANCED') {
      const { kafkaError } = error.place;
      if (kafkaError === errorName(ErrorCodes.REBALANCE_IN_PROGRESS)) return;
      if (kafkaError === errorName(ErrorCodes.UNKNOWN_MEMBER_ID)) this.#memberId = '';
      await this.#lose(error);
      return;
    }
    if (!mayBeRepeated(error)) {
      await this.#lose(error as Error);
      throw error;
    }
    const { settings, clock, random } = this.#context.cluster;
    // Stopping ends the wait early; the loop then sees that it is over.
    await sleep(clock, backoffMs(failures, settings, random), this.#stopping.signal).catch(() => undefined);
  }

  async #lose(error: Error): Promise<void> {
    this.#heartbeats.stop();
    const lost = this.#owned;
    this.#owned = [];
    this.#tell('lost', { reason: describeError(error), partitions: lost.length });
    if (lost.length === 0) return;
    await this.#options.onLost(lost);
  }

  async #revoke(partitions: readonly TopicPartition[]): Promise<void> {
    if (partitions.length === 0) return;
    await this.#callback(() => this.#options.onRevoked(partitions));
    const revoked = new Set(partitions.map(keyOf));
    this.#owned = this.#owned.filter((partition) => !revoked.has(keyOf(partition)));
  }

  async #callback(call: () => Promise<void>): Promise<void> {
    try {
      await call();
    } catch (error) {
      throw new CallbackFailure(error as Error);
    }
  }

  async #fail(error: Error): Promise<void> {
    this.#owned = [];
    await this.#leave();
    this.#phase = 'failed';
    this.#tell('failed', { reason: describeError(error) });
    this.#options.onFailed?.(error);
  }

  async #leave(): Promise<void> {
    this.#heartbeats.stop();
    this.#duties.stop();
    const memberId = this.#memberId;
    if (memberId === '' || this.#context.instanceId !== undefined) return;
    this.#memberId = '';
    // A member that cannot say goodbye is missed after its session timeout: leaving must not fail for that.
    const trouble = await leaveGroup(this.#context, memberId).catch((error: Error) => describeError(error));
    this.#tell('left', { ...(trouble !== undefined && { reason: trouble }) });
  }

  #tell(event: GroupEvent['event'], details: Pick<GroupEvent, 'reason' | 'partitions'>): void {
    const { groupId, generationId, memberId } = this.#metadata;
    clientChannels.group.publish({ groupId, memberId, generationId, event, ...details });
  }
}

function unwrapped(error: unknown): Error {
  return error instanceof CallbackFailure ? error.error : (error as Error);
}

function describe(error: unknown): string {
  return isMillraceError(error) ? error.code : 'trouble';
}

function keyOf({ topic, partition }: TopicPartition): string {
  return partitionKey(topic, partition);
}
