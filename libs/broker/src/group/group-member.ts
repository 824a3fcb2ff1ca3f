import type { ResponseDraftOf, apis } from '@millrace/protocol';

/** An answer to JoinGroup. */
export type JoinAnswer = ResponseDraftOf<typeof apis.JoinGroup>;
/** An answer to SyncGroup. */
export type SyncAnswer = ResponseDraftOf<typeof apis.SyncGroup>;

/** A way to assign partitions that a member can follow, with what it tells the leader about itself. */
export interface MemberProtocol {
  readonly name: string;
  readonly metadata: Buffer;
}

/** What a member says about itself when it joins. */
export interface MemberDescription {
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  readonly protocolType: string;
  readonly protocols: readonly MemberProtocol[];
}

export const NO_ASSIGNMENT = Buffer.alloc(0);

/** One member of a group. */
export class GroupMember {
  id: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly protocolType: string;
  rebalanceTimeoutMs: number;
  sessionTimeoutMs: number;
  protocols: readonly MemberProtocol[];
  assignment: Buffer = NO_ASSIGNMENT;
  /** True until the member's first join was answered: it cannot send heartbeats before. */
  isNew = true;
  #join: ((answer: JoinAnswer) => void) | undefined;
  #sync: ((answer: SyncAnswer) => void) | undefined;

  constructor(id: string, description: MemberDescription) {
    this.id = id;
    this.instanceId = description.instanceId;
    this.clientId = description.clientId;
    this.clientHost = description.clientHost;
    this.protocolType = description.protocolType;
    this.rebalanceTimeoutMs = description.rebalanceTimeoutMs;
    this.sessionTimeoutMs = description.sessionTimeoutMs;
    this.protocols = ownProtocols(description.protocols);
  }

  get isStatic(): boolean {
    return this.instanceId !== null;
  }

  get isAwaitingJoin(): boolean {
    return this.#join !== undefined;
  }

  get isAwaitingSync(): boolean {
    return this.#sync !== undefined;
  }

  /** Whether the session may run out: not while the member waits for an answer, unless it has never had one. */
  get canExpire(): boolean {
    return this.isNew || !(this.isAwaitingJoin || this.isAwaitingSync);
  }

  update(description: MemberDescription): void {
    this.rebalanceTimeoutMs = description.rebalanceTimeoutMs;
    this.sessionTimeoutMs = description.sessionTimeoutMs;
    this.protocols = ownProtocols(description.protocols);
  }

  /** Parks a JoinGroup request; one that was parked before is answered by nobody any more. */
  parkJoin(answer: (response: JoinAnswer) => void): void {
    this.#join = answer;
  }

  answerJoin(response: JoinAnswer): boolean {
    const answer = this.#join;
    this.#join = undefined;
    answer?.(response);
    return answer !== undefined;
  }

  parkSync(answer: (response: SyncAnswer) => void): void {
    this.#sync = answer;
  }

  answerSync(response: SyncAnswer): boolean {
    const answer = this.#sync;
    this.#sync = undefined;
    answer?.(response);
    return answer !== undefined;
  }

  /** Whether the member offers exactly these protocols, in this order and with this metadata. */
  matches(protocols: readonly MemberProtocol[]): boolean {
    return (
      protocols.length === this.protocols.length &&
      protocols.every(({ name, metadata }, index) => {
        const own = this.protocols[index] as MemberProtocol;
        return own.name === name && own.metadata.equals(metadata);
      })
    );
  }

  metadataFor(protocol: string | null): Buffer {
    return this.protocols.find((each) => each.name === protocol)?.metadata ?? NO_ASSIGNMENT;
  }

  /** The member's first choice among protocols that all members can follow. */
  vote(candidates: ReadonlySet<string>): string | undefined {
    return this.protocols.find((each) => candidates.has(each.name))?.name;
  }
}

/** Copies metadata out of the request, whose memory would otherwise be kept as long as the member. */
function ownProtocols(protocols: readonly MemberProtocol[]): MemberProtocol[] {
  return protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) }));
}
