/**
 * Drives a group through its rebalances.
 *
 * Invariants: a join is answered only when every member of the generation has joined or has been removed; everyone gets
 * the answers of one generation; a member that waits for an answer is not expired unless it never had one.
 */
import type { Clock } from '@millrace/kernel';
import { ErrorCodes } from '@millrace/protocol';
import type { Group } from './group.js';
import { NO_ASSIGNMENT, type GroupMember } from './group-member.js';
import { failedJoin, joinAnswer } from './join-answers.js';
import { SessionTimer } from './session-timer.js';

/** How long a new member may wait for its first answer before it is given up (as in Kafka). */
const NEW_MEMBER_TIMEOUT_MS = 5 * 60 * 1000;

export interface RebalancerOptions {
  readonly clock: Clock;
  /** How long the first rebalance of an empty group waits for more members (Kafka: `group.initial.rebalance.delay.ms`). */
  readonly initialDelayMs: number;
  /** Called with each new generation before any member hears of it. */
  readonly onGeneration: (group: Group) => void;
}

export class Rebalancer {
  readonly #options: RebalancerOptions;

  constructor(options: RebalancerOptions) {
    this.#options = options;
  }

  /** Restarts the clock of a member's session. */
  keepAlive(group: Group, member: GroupMember): void {
    this.#session(group, member.id).extend(member.isNew ? NEW_MEMBER_TIMEOUT_MS : member.sessionTimeoutMs);
  }

  /** Starts the clock of a member id that was handed out and is still to be used. */
  awaitPending(group: Group, memberId: string, timeoutMs: number): void {
    group.pendingMembers.add(memberId);
    this.#session(group, memberId).extend(timeoutMs);
  }

  /** Begins a rebalance if the group's state allows; else sees whether the one going on is complete. */
  rebalanceOrComplete(group: Group, reason: string): void {
    if (group.canRebalance) this.begin(group, reason);
    else this.completeIfAllJoined(group);
  }

  begin(group: Group, reason: string): void {
    if (group.state === 'CompletingRebalance') this.#rejectAssignments(group);
    this.#endPhase(group);
    const isFirst = group.state === 'Empty';
    group.moveTo('PreparingRebalance', reason);
    if (isFirst) {
      const { initialDelayMs } = this.#options;
      this.#delayFirst(group, initialDelayMs, Math.max(group.rebalanceTimeoutMs - initialDelayMs, 0));
    } else if (group.hasAllMembersJoined) this.#complete(group);
    else this.#phase(group, group.rebalanceTimeoutMs, () => this.#complete(group));
  }

  completeIfAllJoined(group: Group): void {
    if (group.state !== 'PreparingRebalance' || group.previousState === 'Empty') return;
    if (group.hasAllMembersJoined) this.#complete(group);
  }

  /** Hands out the leader's assignment and ends the rebalance. */
  stabilize(group: Group, assignments: ReadonlyMap<string, Buffer>): void {
    for (const member of group.members) member.assignment = assignments.get(member.id) ?? NO_ASSIGNMENT;
    group.moveTo('Stable', 'the leader assigned partitions');
    for (const member of group.members) {
      const { protocolType, protocolName } = group;
      const answered = member.answerSync({
        errorCode: ErrorCodes.NONE,
        protocolType,
        protocolName,
        assignment: member.assignment,
      });
      if (answered) this.keepAlive(group, member);
    }
  }

  /** Notes that a member asked for its assignment; when all have, nothing is left to wait for. */
  synced(group: Group, memberId: string): void {
    group.pendingSync.delete(memberId);
    if (group.pendingSync.size === 0) this.#endPhase(group);
  }

  /** Removes a member and rebalances without it. */
  removeMember(group: Group, member: GroupMember, reason: string): void {
    this.evict(group, member);
    if (group.state === 'Stable' || group.state === 'CompletingRebalance') this.begin(group, reason);
    else if (group.state === 'PreparingRebalance' && group.hasAllMembersJoined) this.#complete(group);
  }

  /** Removes a member; a join that it still waits for fails. */
  evict(group: Group, member: GroupMember): void {
    member.answerJoin(failedJoin(ErrorCodes.UNKNOWN_MEMBER_ID, ''));
    member.answerSync({ errorCode: ErrorCodes.UNKNOWN_MEMBER_ID, assignment: NO_ASSIGNMENT });
    group.remove(member.id);
  }

  #expire(group: Group, memberId: string): void {
    if (group.pendingMembers.has(memberId)) {
      group.remove(memberId);
      if (group.state === 'PreparingRebalance' && group.hasAllMembersJoined) this.#complete(group);
      return;
    }
    const member = group.member(memberId);
    if (member?.canExpire === true) this.removeMember(group, member, `the session of ${memberId} expired`);
  }

  #complete(group: Group): void {
    this.#endPhase(group);
    for (const member of group.members) {
      if (!member.isAwaitingJoin && !member.isStatic) group.remove(member.id);
    }
    if (group.size > 0 && !group.electJoinedLeader()) {
      // Only static members are left and none has come back: their sessions decide how long they are waited for.
      this.#phase(group, group.rebalanceTimeoutMs, () => this.#complete(group));
      return;
    }
    group.beginGeneration();
    this.#options.onGeneration(group);
    for (const member of group.members) {
      group.pendingSync.add(member.id);
      member.isNew = false;
      this.keepAlive(group, member);
      member.answerJoin(joinAnswer(group, member.id));
    }
    if (group.size > 0) this.#phase(group, group.rebalanceTimeoutMs, () => this.#expireSync(group));
  }

  #expireSync(group: Group): void {
    if (group.pendingSync.size === 0) return;
    const late = [...group.pendingSync];
    for (const memberId of late) group.remove(memberId);
    this.begin(group, `${late.length} members did not ask for their assignment in time`);
  }

  #delayFirst(group: Group, delayMs: number, remainingMs: number): void {
    if (delayMs === 0) {
      this.#complete(group);
      return;
    }
    this.#phase(group, delayMs, () => {
      if (!group.newMemberAdded || remainingMs === 0) {
        this.#complete(group);
        return;
      }
      group.newMemberAdded = false;
      const nextDelayMs = Math.min(this.#options.initialDelayMs, remainingMs);
      this.#delayFirst(group, nextDelayMs, Math.max(remainingMs - delayMs, 0));
    });
  }

  #rejectAssignments(group: Group): void {
    for (const member of group.members) {
      member.assignment = NO_ASSIGNMENT;
      const errorCode = ErrorCodes.REBALANCE_IN_PROGRESS;
      if (member.answerSync({ errorCode, assignment: NO_ASSIGNMENT })) this.keepAlive(group, member);
    }
  }

  #session(group: Group, memberId: string): SessionTimer {
    let session = group.sessions.get(memberId);
    if (session === undefined) {
      session = new SessionTimer(this.#options.clock, () => this.#expire(group, memberId));
      group.sessions.set(memberId, session);
    }
    return session;
  }

  #phase(group: Group, timeoutMs: number, onTimeout: () => void): void {
    this.#endPhase(group);
    group.phaseTimer = this.#options.clock.setTimer(timeoutMs, onTimeout, { unref: true });
  }

  #endPhase(group: Group): void {
    group.phaseTimer?.cancel();
    group.phaseTimer = undefined;
  }
}
