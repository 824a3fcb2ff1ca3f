import type { TaskDirectory } from '../query/task-directory.js';

/** What the leader tells a stream thread beside its partitions (`userData` of its assignment). */
export interface MemberShare {
  /** Keys of the tasks whose stores the thread keeps up to date without processing: standbys and warm-ups. */
  readonly standbys: readonly string[];
  /** After so long, in milliseconds, the thread makes the group assign anew; absent for all but one, or where nothing warms up. */
  readonly probeAfterMs?: number;
  /**
   * The member has to let go of tasks that are given away in another round, which it asks for once it has let go. One with an
   * instance id that comes back meanwhile has nothing to let go of any more, so only this tells it that the round is still due.
   */
  readonly isRoundDue?: boolean;
  /** Who has which tasks, for queries; absent where the leader is of a release that does not tell. */
  readonly directory?: TaskDirectory;
}

/** Encodes a share as JSON. */
export function encodeMemberShare(share: MemberShare): Buffer {
  return Buffer.from(JSON.stringify(share), 'utf8');
}

/** Decodes what {@link encodeMemberShare} wrote; absent bytes are a share without standbys. */
export function decodeMemberShare(bytes: Buffer | null): MemberShare {
  if (bytes === null || bytes.length === 0) return { standbys: [] };
  return JSON.parse(bytes.toString('utf8')) as MemberShare;
}
