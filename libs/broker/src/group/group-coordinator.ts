/** The coordinator of consumer groups of the classic protocol: membership and generations. */
import type { Clock, Random } from '@millrace/kernel';
import { ErrorCodes, type RequestOf, type apis } from '@millrace/protocol';
import { orWhenStorageFails } from '../storage/storage-failures.js';
import type { Journal } from '../storage/journal.js';
import type { JournalEntry } from '../storage/journal-entry.js';
import { Group } from './group.js';
import { GroupJoining, type JoinRequest } from './group-joining.js';
import { NO_ASSIGNMENT, type JoinAnswer, type SyncAnswer } from './group-member.js';
import { failedJoin } from './join-answers.js';
import { OffsetStore } from './offset-store.js';
import { Rebalancer } from './rebalancer.js';

/** The shortest and longest session a member may ask for (Kafka: `group.min.session.timeout.ms`, `group.max.…`). */
const MIN_SESSION_TIMEOUT_MS = 6_000;
const MAX_SESSION_TIMEOUT_MS = 1_800_000;

export interface GroupCoordinatorOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly initialRebalanceDelayMs: number;
}

type SyncRequest = RequestOf<typeof apis.SyncGroup>;
type HeartbeatRequest = RequestOf<typeof apis.Heartbeat>;

/** One member of a LeaveGroup request. */
export interface Leaving {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

export class GroupCoordinator {
  readonly offsets = new OffsetStore();
  readonly #groups = new Map<string, Group>();
  readonly #rebalancer: Rebalancer;
  readonly #joining: GroupJoining;
  #journal: Journal | undefined;

  constructor(options: GroupCoordinatorOptions) {
    this.#rebalancer = new Rebalancer({
      clock: options.clock,
      initialDelayMs: options.initialRebalanceDelayMs,
      onGeneration: (group) => this.#keepGeneration(group),
    });
    this.#joining = new GroupJoining(options.random, this.#rebalancer);
  }

  /** Takes note of a recovered fact. Members do not survive a restart; the generation does, so it never goes back. */
  apply(entry: JournalEntry): void {
    this.offsets.apply(entry);
    if (entry.type !== 'group') return;
    const group = this.getOrCreate(entry.groupId);
    group.generationId = entry.generationId;
    group.protocolType = entry.protocolType === '' ? null : entry.protocolType;
  }

  open(journal: Journal): void {
    this.#journal = journal;
    this.offsets.open(journal);
    for (const groupId of this.offsets.groupIds()) this.getOrCreate(groupId);
  }

  *snapshot(): Iterable<JournalEntry> {
    for (const group of this.#groups.values()) if (group.generationId > 0) yield generationEntry(group);
    yield* this.offsets.snapshot();
  }

  group(groupId: string): Group | undefined {
    return this.#groups.get(groupId);
  }

  all(): Group[] {
    return [...this.#groups.values()];
  }

  getOrCreate(groupId: string): Group {
    let group = this.#groups.get(groupId);
    if (group === undefined) {
      group = new Group(groupId);
      this.#groups.set(groupId, group);
    }
    return group;
  }

  join(request: JoinRequest): JoinAnswer | Promise<JoinAnswer> {
    const { groupId, memberId, sessionTimeoutMs } = request.body;
    if (groupId === '') return failedJoin(ErrorCodes.INVALID_GROUP_ID, memberId);
    if (sessionTimeoutMs < MIN_SESSION_TIMEOUT_MS || sessionTimeoutMs > MAX_SESSION_TIMEOUT_MS) {
      return failedJoin(ErrorCodes.INVALID_SESSION_TIMEOUT, memberId);
    }
    if (memberId === '') return this.#joining.joinNew(this.getOrCreate(groupId), request);
    const group = this.#groups.get(groupId);
    return group === undefined
      ? failedJoin(ErrorCodes.UNKNOWN_MEMBER_ID, memberId)
      : this.#joining.joinKnown(group, request);
  }

  sync(request: SyncRequest): SyncAnswer | Promise<SyncAnswer> {
    const group = this.#groups.get(request.groupId);
    const errorCode = group === undefined ? ErrorCodes.UNKNOWN_MEMBER_ID : syncError(group, request);
    const member = group?.member(request.memberId);
    if (group === undefined || member === undefined || errorCode !== ErrorCodes.NONE) {
      return { errorCode, assignment: NO_ASSIGNMENT };
    }
    this.#rebalancer.synced(group, member.id);
    if (group.state === 'Stable') {
      const { protocolType, protocolName } = group;
      return { errorCode, protocolType, protocolName, assignment: member.assignment };
    }
    const answer = new Promise<SyncAnswer>((resolve) => member.parkSync(resolve));
    if (group.isLeader(member.id)) {
      const assignments = request.assignments.map((each) => [each.memberId, Buffer.from(each.assignment)] as const);
      this.#rebalancer.stabilize(group, new Map(assignments));
    }
    return answer;
  }

  /** @returns the error code. */
  heartbeat(request: HeartbeatRequest): number {
    const group = this.#groups.get(request.groupId);
    if (group === undefined) return ErrorCodes.UNKNOWN_MEMBER_ID;
    const errorCode = group.memberError(request.memberId, request.groupInstanceId);
    const member = group.member(request.memberId);
    if (errorCode !== ErrorCodes.NONE || member === undefined) return errorCode;
    if (request.generationId !== group.generationId) return ErrorCodes.ILLEGAL_GENERATION;
    this.#rebalancer.keepAlive(group, member);
    return group.state === 'PreparingRebalance' ? ErrorCodes.REBALANCE_IN_PROGRESS : ErrorCodes.NONE;
  }

  /** A member that commits offsets is alive. */
  keepAlive(group: Group, memberId: string): void {
    const member = group.member(memberId);
    if (member !== undefined) this.#rebalancer.keepAlive(group, member);
  }

  /** Lets members go, with an error code for each; then rebalances once for all of them. */
  leave(groupId: string, leaving: readonly Leaving[]): number[] {
    const group = this.#groups.get(groupId);
    if (group === undefined) return leaving.map(() => ErrorCodes.UNKNOWN_MEMBER_ID);
    const errorCodes = leaving.map((each) => this.#leaveOne(group, each));
    if (errorCodes.includes(ErrorCodes.NONE)) {
      if (group.state === 'Stable' || group.state === 'CompletingRebalance') {
        this.#rebalancer.begin(group, 'members left');
      } else this.#rebalancer.completeIfAllJoined(group);
    }
    return errorCodes;
  }

  /** Ends all sessions; whoever waits for an answer never gets one, for its connection is closed. */
  close(): void {
    for (const group of this.#groups.values()) {
      group.phaseTimer?.cancel();
      for (const session of group.sessions.values()) session.cancel();
    }
  }

  /**
   * Makes the generation durable. Where that fails, the group goes on all the same: members do not survive a restart, so
   * nobody could use a generation that is handed out a second time.
   */
  #keepGeneration(group: Group): void {
    orWhenStorageFails(
      () => this.#journal?.append(generationEntry(group)),
      () => undefined,
    );
  }

  #leaveOne(group: Group, { memberId, groupInstanceId }: Leaving): number {
    if (group.pendingMembers.has(memberId)) {
      group.remove(memberId);
      return ErrorCodes.NONE;
    }
    // An administrator may remove a static member without knowing its id.
    const isByInstance = memberId === '' && groupInstanceId !== null;
    const id = isByInstance ? (group.staticMemberId(groupInstanceId) ?? '') : memberId;
    const errorCode = group.memberError(id, groupInstanceId);
    const member = group.member(id);
    if (errorCode === ErrorCodes.NONE && member !== undefined) this.#rebalancer.evict(group, member);
    return errorCode;
  }
}

function syncError(group: Group, request: SyncRequest): number {
  if (group.state === 'Empty') return ErrorCodes.UNKNOWN_MEMBER_ID;
  const errorCode = group.memberError(request.memberId, request.groupInstanceId);
  if (errorCode !== ErrorCodes.NONE) return errorCode;
  if (request.generationId !== group.generationId) return ErrorCodes.ILLEGAL_GENERATION;
  const { protocolType, protocolName } = request;
  if (
    (protocolType !== null && protocolType !== group.protocolType) ||
    (protocolName !== null && protocolName !== group.protocolName)
  ) {
    return ErrorCodes.INCONSISTENT_GROUP_PROTOCOL;
  }
  return group.state === 'PreparingRebalance' ? ErrorCodes.REBALANCE_IN_PROGRESS : ErrorCodes.NONE;
}

function generationEntry(group: Group): JournalEntry {
  const { id: groupId, generationId } = group;
  return { type: 'group', groupId, generationId, protocolType: group.protocolType ?? '' };
}
