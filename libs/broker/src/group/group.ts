import { ErrorCodes } from '@millrace/protocol';
import { brokerChannels } from '../diagnostics/channels.js';
import { type GroupMember, type MemberProtocol } from './group-member.js';
import { mayMove, type GroupState } from './group-state.js';
import type { SessionTimer } from './session-timer.js';
import type { Timer } from '@millrace/kernel';

/** A group of the classic protocol: its members and where it stands. Decides nothing by itself; see `Rebalancer`. */
export class Group {
  readonly id: string;
  generationId = 0;
  protocolType: string | null = null;
  protocolName: string | null = null;
  leaderId: string | null = null;
  /** Ids that were handed out and not used to join yet (KIP-394). */
  readonly pendingMembers = new Set<string>();
  /** Members of this generation that have not asked for their assignment yet. */
  readonly pendingSync = new Set<string>();
  /** Whether a member came while the first rebalance was delayed for more of them. */
  newMemberAdded = false;
  /** The deadline of the phase of the rebalance that is going on. */
  phaseTimer: Timer | undefined;
  /** One for each member and each pending member, by member id. */
  readonly sessions = new Map<string, SessionTimer>();
  readonly #members = new Map<string, GroupMember>();
  readonly #staticMembers = new Map<string, string>();
  #state: GroupState = 'Empty';
  #previousState: GroupState = 'Empty';

  constructor(id: string) {
    this.id = id;
  }

  get state(): GroupState {
    return this.#state;
  }

  get previousState(): GroupState {
    return this.#previousState;
  }

  get members(): GroupMember[] {
    return [...this.#members.values()];
  }

  get size(): number {
    return this.#members.size;
  }

  /** The one place that changes a group's state. */
  moveTo(state: GroupState, reason: string): void {
    const from = this.#state;
    if (!mayMove(from, state)) throw new Error(`group ${this.id} cannot move from ${from} to ${state}`);
    this.#previousState = from;
    this.#state = state;
    brokerChannels.groupState.publish({
      groupId: this.id,
      from,
      to: state,
      generationId: this.generationId,
      members: this.#members.size,
      reason,
    });
  }

  get canRebalance(): boolean {
    return mayMove(this.#state, 'PreparingRebalance');
  }

  member(memberId: string): GroupMember | undefined {
    return this.#members.get(memberId);
  }

  staticMemberId(instanceId: string): string | undefined {
    return this.#staticMembers.get(instanceId);
  }

  isLeader(memberId: string): boolean {
    return this.leaderId === memberId;
  }

  add(member: GroupMember): void {
    if (this.#members.size === 0) this.protocolType = member.protocolType;
    this.leaderId ??= member.id;
    this.#members.set(member.id, member);
    if (member.instanceId !== null) this.#staticMembers.set(member.instanceId, member.id);
    this.pendingMembers.delete(member.id);
  }

  /** Removes a member or a pending member, and ends its session. */
  remove(memberId: string): void {
    const member = this.#members.get(memberId);
    this.#members.delete(memberId);
    if (member !== undefined && member.instanceId !== null) this.#staticMembers.delete(member.instanceId);
    this.pendingMembers.delete(memberId);
    this.pendingSync.delete(memberId);
    this.sessions.get(memberId)?.cancel();
    this.sessions.delete(memberId);
    if (this.isLeader(memberId)) this.leaderId = this.#members.keys().next().value ?? null;
  }

  /** Gives a static member another id: whoever still uses the old one is fenced (KIP-345). */
  replaceStaticMember(instanceId: string, newMemberId: string): GroupMember {
    const oldMemberId = this.#staticMembers.get(instanceId) as string;
    const member = this.#members.get(oldMemberId) as GroupMember;
    const errorCode = ErrorCodes.FENCED_INSTANCE_ID;
    member.answerJoin({ errorCode, memberId: oldMemberId, protocolName: null, leader: '', members: [] });
    member.answerSync({ errorCode, assignment: Buffer.alloc(0) });
    this.#members.delete(oldMemberId);
    this.sessions.get(oldMemberId)?.cancel();
    this.sessions.delete(oldMemberId);
    member.id = newMemberId;
    this.#members.set(newMemberId, member);
    this.#staticMembers.set(instanceId, newMemberId);
    if (this.isLeader(oldMemberId)) this.leaderId = newMemberId;
    if (this.pendingSync.delete(oldMemberId)) this.pendingSync.add(newMemberId);
    return member;
  }

  get hasAllMembersJoined(): boolean {
    return this.pendingMembers.size === 0 && this.members.every((member) => member.isAwaitingJoin);
  }

  /** How long a rebalance may take: as long as the slowest member asks for. */
  get rebalanceTimeoutMs(): number {
    return this.members.reduce((longest, member) => Math.max(longest, member.rebalanceTimeoutMs), 0);
  }

  /** Makes a member that has joined the leader if the present one has not; false when nobody has. */
  electJoinedLeader(): boolean {
    if (this.leaderId !== null && this.#members.get(this.leaderId)?.isAwaitingJoin === true) return true;
    const joined = this.members.find((member) => member.isAwaitingJoin);
    if (joined === undefined) return false;
    this.leaderId = joined.id;
    return true;
  }

  supportsProtocols(protocolType: string, protocols: readonly MemberProtocol[]): boolean {
    if (this.#state === 'Empty') return protocolType !== '' && protocols.length > 0;
    if (this.protocolType !== protocolType) return false;
    // While a rebalance waits for ids that were handed out, all members may be gone: then any protocol will do (as in Kafka).
    if (this.size === 0) return protocols.length > 0;
    const candidates = this.#candidateProtocols();
    return protocols.some((each) => candidates.has(each.name));
  }

  /** The protocol with the most votes among those that every member can follow. */
  selectProtocol(): string {
    const candidates = this.#candidateProtocols();
    const votes = new Map<string, number>();
    for (const member of this.#members.values()) {
      const vote = member.vote(candidates);
      if (vote !== undefined) votes.set(vote, (votes.get(vote) ?? 0) + 1);
    }
    const [best] = [...votes].sort(([, a], [, b]) => b - a);
    if (best === undefined) throw new Error(`the members of group ${this.id} have no protocol in common`);
    return best[0];
  }

  beginGeneration(): void {
    this.generationId++;
    if (this.#members.size === 0) {
      this.protocolName = null;
      this.moveTo('Empty', 'no member is left');
    } else {
      this.protocolName = this.selectProtocol();
      this.moveTo('CompletingRebalance', 'all members joined');
    }
    this.pendingSync.clear();
  }

  /**
   * The error code for a request that names a member, or NONE: UNKNOWN_MEMBER_ID, or FENCED_INSTANCE_ID when another one has
   * taken over the static member.
   */
  memberError(memberId: string, instanceId: string | null): number {
    if (instanceId !== null) {
      const current = this.#staticMembers.get(instanceId);
      if (current === undefined) return ErrorCodes.UNKNOWN_MEMBER_ID;
      if (current !== memberId) return ErrorCodes.FENCED_INSTANCE_ID;
    }
    return this.#members.has(memberId) ? ErrorCodes.NONE : ErrorCodes.UNKNOWN_MEMBER_ID;
  }

  #candidateProtocols(): Set<string> {
    const [first, ...others] = this.members;
    const names = (first?.protocols ?? []).map((each) => each.name);
    return new Set(
      names.filter((name) => others.every((member) => member.protocols.some((each) => each.name === name))),
    );
  }
}
