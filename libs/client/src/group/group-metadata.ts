/** Who a member of a group is; a transaction that commits the group's offsets is fenced by it (KIP-447). */
export interface GroupMetadata {
  readonly groupId: string;
  /** -1 while not a member. */
  readonly generationId: number;
  /** Empty while not a member. */
  readonly memberId: string;
  /** Of a static member (KIP-345). */
  readonly instanceId?: string;
}
