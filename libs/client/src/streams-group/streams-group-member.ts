/**
 * A member of a streams group (KIP-1071): the coordinator assigns tasks, and heartbeats carry everything.
 *
 *   stopped ──start──▶ joining ──epoch > 0──▶ member ──fenced, unknown: onLost──▶ joining
 *   member ──stop()──▶ onRevoked, epoch -1 ──▶ stopped        any ──an error for good──▶ failed
 *
 *   an answer with other tasks ──▶ onRevoked(what is not among them) ──▶ onAssigned(what is new) ──▶ told with the next heartbeat
 *
 * Invariants:
 * - callbacks never overlap; heartbeats go on while one runs, so it may take as long as the rebalance timeout;
 * - what is owned is told, and a farewell sent, only after the callbacks have returned: the coordinator gives a task to another member
 *   only then;
 * - after a heartbeat of which nobody knows whether it arrived, all that is owned is told again, and where the next answer names no tasks,
 *   the coordinator is asked for them: it names new ones once, and that answer may be the one that was lost;
 * - `groupMetadata` never falls back to "no member" once it was one: a zombie must be fenced, not taken for an outsider.
 */
import { FatalError, describeError, nextInt, sleep } from '@millrace/kernel';
import type { Cluster } from '../cluster/cluster.js';
import { backoffMs } from '../cluster/retry.js';
import { clientChannels, type GroupEvent } from '../diagnostics/channels.js';
import { mayBeRepeated } from '../errors/broker-errors.js';
import { commitGroupOffsets } from '../group/commit-offsets.js';
import { committedOffsets, type CommittedOffset } from '../group/committed-offsets.js';
import type { GroupMembership } from '../group/group-membership.js';
import type { GroupMetadata } from '../group/group-metadata.js';
import type { TopicPartition } from '../metadata/topic-metadata.js';
import type { OffsetToCommit } from '../transaction/transactional-offsets.js';
import type { StreamsGroupMemberOptions } from './streams-group-options.js';
import {
  JOINING_EPOCH,
  LEAVING_EPOCH,
  fatalStatus,
  isMembershipOver,
  joiningFields,
  mayPass,
  streamsHeartbeat,
  type HeartbeatAnswer,
  type HeartbeatDraft,
} from './streams-heartbeat.js';
import { describedAssignment } from './streams-description.js';
import { NO_TASKS, areSameTasks, assignedTasks, bySubtopology, taskKey, type StreamsTasks } from './streams-tasks.js';

const MEMBER_ID_BYTES = 16;

/** See the head of this file. Made on a started cluster. */
export class StreamsGroupMember implements GroupMembership {
  readonly #cluster: Cluster;
  readonly #options: StreamsGroupMemberOptions;
  readonly #purpose: string;
  readonly #memberId: string;
  #stopping = new AbortController();
  #run: Promise<void> = Promise.resolve();
  #isRunning = false;
  /** The callbacks, one after the other. */
  #callbacks: Promise<void> = Promise.resolve();
  #callbackFailure: Error | undefined;
  /** It is about to leave for good: no callback begins any more. */
  #hasFailed = false;
  #epoch: number = JOINING_EPOCH;
  /** The coordinator may know this member: it has been sent a heartbeat and no farewell. */
  #mayBeKnown = false;
  #metadata: GroupMetadata;
  #owned: StreamsTasks = NO_TASKS;
  #target: StreamsTasks = NO_TASKS;
  /** What is owned has changed, or may not have been heard. */
  #mustTell = true;
  /** An answer was lost, which may have named other tasks. */
  #mayHaveMissed = false;
  /** Since when each answer has told what ends the membership unless it passes. */
  #fatalSinceMs: number | undefined;
  #offsetsToldMs = -Infinity;
  /** 0: the coordinator takes none. */
  #offsetIntervalMs = 0;
  /** Ends the pause between two heartbeats, also one that is still to come. */
  #nudge = new AbortController();

  constructor(cluster: Cluster, options: StreamsGroupMemberOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#purpose = cluster.newPurpose('streams-group');
    const bytes = Uint8Array.from({ length: MEMBER_ID_BYTES }, () => nextInt(cluster.random, 256));
    this.#memberId = Buffer.from(bytes).toString('base64url');
    this.#metadata = { groupId: options.groupId, generationId: -1, memberId: '' };
  }

  get groupMetadata(): GroupMetadata {
    return this.#metadata;
  }

  get isMember(): boolean {
    return this.#isRunning && this.#epoch > JOINING_EPOCH;
  }

  get assignment(): readonly TopicPartition[] {
    return this.#options.partitionsOf(this.#owned.active);
  }

  /**
   * Begins to take part; returns before the first assignment, which `onAssigned` tells.
   *
   * @throws {FatalError} (stop-app) `MR_PROTOCOL_UNSUPPORTED` when the cluster has no streams groups.
   */
  async start(): Promise<void> {
    if (this.#isRunning) return;
    if (this.#cluster.features.streamsVersion < 1) {
      throw new FatalError(
        'MR_PROTOCOL_UNSUPPORTED',
        `streams group '${this.#options.groupId}': the cluster has no streams groups (feature streams.version is 0): upgrade it to 1 with kafka-features.sh, or take the classic protocol`,
      );
    }
    this.#stopping = new AbortController();
    this.#isRunning = true;
    this.#epoch = JOINING_EPOCH;
    this.#callbackFailure = undefined;
    this.#hasFailed = false;
    this.#mayHaveMissed = false;
    this.#fatalSinceMs = undefined;
    this.#run = this.#live();
  }

  /** Gives up everything owned (`onRevoked`) and leaves. */
  async stop(): Promise<void> {
    if (!this.#isRunning) return;
    this.#stopping.abort();
    this.#wakeUp();
    this.#cluster.closeLinks(this.#purpose);
    await this.#run;
    this.#cluster.closeLinks(this.#purpose);
    try {
      await this.#callbacks;
      const owned = this.assignment;
      this.#owned = NO_TASKS;
      if (owned.length > 0) await this.#options.onRevoked(owned);
    } finally {
      await this.#leave();
      this.#isRunning = false;
    }
  }

  /** Sends a heartbeat at once. The coordinator decides by itself what to assign. */
  rejoin(): void {
    this.#mustTell = true;
    this.#wakeUp();
  }

  commitOffsets(offsets: readonly OffsetToCommit[]): Promise<void> {
    return commitGroupOffsets(this.#cluster, this.#metadata, offsets);
  }

  committedOffsets(partitions: readonly TopicPartition[]): Promise<CommittedOffset[]> {
    return committedOffsets(this.#cluster, this.#options.groupId, partitions);
  }

  async #live(): Promise<void> {
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (this.#callbackFailure !== undefined) throw this.#callbackFailure;
        const answer = await streamsHeartbeat(this.#cluster, this.#purpose, this.#nextHeartbeat());
        if (signal.aborted) return;
        this.#take(answer);
        if (this.#mayHaveMissed) await this.#catchUp();
        if (signal.aborted) return;
        failures = 0;
        await this.#pause(answer.heartbeatIntervalMs);
      } catch (error) {
        if (signal.aborted) return;
        this.#mustTell = true;
        if (isMembershipOver(error) && error !== this.#callbackFailure) await this.#lose(error as Error);
        else if (mayBeRepeated(error) && error !== this.#callbackFailure) {
          this.#mayHaveMissed = true;
          await this.#pause(backoffMs(++failures, this.#cluster.settings, this.#cluster.random));
        } else {
          await this.#fail(error as Error);
          return;
        }
      }
    }
  }

  #nextHeartbeat(): HeartbeatDraft {
    const { groupId } = this.#options;
    const isJoining = this.#epoch === JOINING_EPOCH;
    const { active, standby, warmup } = this.#owned;
    const tells = isJoining || this.#mustTell;
    this.#mayBeKnown = true;
    this.#mustTell = false;
    return {
      ...{ groupId, memberId: this.#memberId, memberEpoch: this.#epoch, endpointInformationEpoch: -1 },
      ...(isJoining && joiningFields(this.#options)),
      ...(tells && {
        activeTasks: bySubtopology(active),
        standbyTasks: bySubtopology(standby),
        warmupTasks: bySubtopology(warmup),
      }),
      ...(!isJoining && this.#offsets()),
    };
  }

  #offsets(): Partial<HeartbeatDraft> {
    const { taskOffsets } = this.#options;
    const nowMs = this.#cluster.clock.monotonicMs();
    if (taskOffsets === undefined || this.#offsetIntervalMs <= 0) return {};
    if (nowMs - this.#offsetsToldMs < this.#offsetIntervalMs) return {};
    this.#offsetsToldMs = nowMs;
    const offsets = taskOffsets();
    const told = (offset: (each: (typeof offsets)[number]) => number) =>
      offsets.map((each) => ({ subtopologyId: each.subtopologyId, partition: each.partition, offset: offset(each) }));
    return { taskOffsets: told(({ position }) => position), taskEndOffsets: told(({ end }) => end) };
  }

  /** Takes over what the coordinator has answered. @throws when no member can go on. */
  #take(answer: HeartbeatAnswer): void {
    const { groupId } = this.#options;
    const isJoined = this.#epoch === JOINING_EPOCH;
    this.#epoch = answer.memberEpoch;
    this.#metadata = { groupId, generationId: answer.memberEpoch, memberId: this.#memberId };
    this.#offsetIntervalMs = answer.taskOffsetIntervalMs;
    if (isJoined) this.#tell('joined');
    const fatal = fatalStatus(groupId, answer);
    if (fatal === undefined) this.#fatalSinceMs = undefined;
    else if (!mayPass(answer) || this.#hasLasted()) throw fatal;
    const target = assignedTasks(answer);
    if (target !== undefined) this.#aimAt(target);
  }

  /** Asks the coordinator which tasks this member has, as the answer that named them may be lost. */
  async #catchUp(): Promise<void> {
    const { groupId } = this.#options;
    const described = await describedAssignment(this.#cluster, this.#purpose, groupId, this.#memberId);
    // A coordinator that does not know this member as it is will say so in its next answer.
    if (described?.memberEpoch === this.#epoch) this.#aimAt(described.tasks);
  }

  #aimAt(target: StreamsTasks): void {
    this.#mayHaveMissed = false;
    this.#target = target;
    this.#callback(() => this.#reconcile());
  }

  /** Whether what may pass has lasted for as long as a request may take. */
  #hasLasted(): boolean {
    const nowMs = this.#cluster.clock.monotonicMs();
    this.#fatalSinceMs ??= nowMs;
    return nowMs - this.#fatalSinceMs >= this.#cluster.settings.requestTimeoutMs;
  }

  /** Gives up what is not among the tasks of the target, then takes what is new. */
  async #reconcile(): Promise<void> {
    const target = this.#target;
    const before = this.#owned;
    // A first answer is told even where it brings nothing; afterwards only what differs is news.
    if (target === before || (before !== NO_TASKS && areSameTasks(target, before))) return;
    const stays = new Set(target.active.map(taskKey));
    const had = new Set(before.active.map(taskKey));
    const revoked = before.active.filter((task) => !stays.has(taskKey(task)));
    if (revoked.length > 0) {
      this.#tell('rebalancing', { partitions: revoked.length });
      await this.#options.onRevoked(this.#options.partitionsOf(revoked));
      if (this.#hasFailed) return;
    }
    this.#owned = target;
    const added = target.active.filter((task) => !had.has(taskKey(task)));
    const followed = [...target.standby, ...target.warmup];
    await this.#options.onTasks?.(added);
    await this.#options.onAssigned(this.#options.partitionsOf(added), { memberEpoch: this.#epoch, followed });
    this.#mustTell = true;
    this.#wakeUp();
  }

  /** Others may own everything by now: begins again as nobody, with the same name. */
  async #lose(error: Error): Promise<void> {
    this.#tell('lost', { reason: describeError(error) });
    this.#epoch = JOINING_EPOCH;
    this.#mayHaveMissed = false;
    await this.#callbacks;
    const lost = this.assignment;
    this.#owned = NO_TASKS;
    this.#target = NO_TASKS;
    this.#callback(async () => {
      if (lost.length > 0) await this.#options.onLost(lost);
    });
    await this.#callbacks;
  }

  #callback(call: () => Promise<void>): void {
    this.#callbacks = this.#callbacks.then(async () => {
      if (this.#callbackFailure !== undefined || this.#hasFailed) return;
      try {
        await call();
      } catch (error) {
        this.#callbackFailure = error as Error;
        this.#wakeUp();
      }
    });
  }

  /** Leaves for good, once the callback that runs has returned: what it works on must not be given to another before. */
  async #fail(error: Error): Promise<void> {
    this.#hasFailed = true;
    await this.#callbacks;
    this.#owned = NO_TASKS;
    await this.#leave();
    this.#tell('failed', { reason: describeError(error) });
    this.#options.onFailed?.(error);
  }

  /** A member that cannot say goodbye is missed after its session timeout: leaving must not fail for that. */
  async #leave(): Promise<void> {
    if (!this.#mayBeKnown) return;
    this.#mayBeKnown = false;
    this.#epoch = LEAVING_EPOCH;
    const { groupId } = this.#options;
    const draft = { groupId, memberId: this.#memberId, memberEpoch: LEAVING_EPOCH, endpointInformationEpoch: -1 };
    const left = streamsHeartbeat(this.#cluster, 'control', draft).then(() => undefined);
    const trouble = await left.catch((error: Error) => describeError(error));
    this.#tell('left', { ...(trouble !== undefined && { reason: trouble }) });
  }

  /** Until the next heartbeat is due, or there is something to tell. */
  async #pause(ms: number): Promise<void> {
    // A nudge ends it early, and is no failure.
    await sleep(this.#cluster.clock, ms, this.#nudge.signal).catch(() => undefined);
    this.#nudge = new AbortController();
  }

  #wakeUp(): void {
    this.#nudge.abort();
  }

  #tell(event: GroupEvent['event'], details: Pick<GroupEvent, 'reason' | 'partitions'> = {}): void {
    const { groupId } = this.#options;
    clientChannels.group.publish({ groupId, memberId: this.#memberId, generationId: this.#epoch, event, ...details });
  }
}
