import { RecordError } from '@millrace/kernel';

/** How far a member's stores of a task have followed their changelogs: sums over the stores, in offsets. */
export interface TaskProgress {
  readonly position: number;
  /** Where the changelogs end, as the member knows. */
  readonly end: number;
}

/** What a stream thread tells the leader about itself when it joins (`userData` of its subscription). */
export interface MemberData {
  /** Same for all threads of one process. */
  readonly processId: string;
  /** Where others reach the queries of this process; absent where it takes none. */
  readonly advertisedUrl?: string;
  /** Rack, host or availability zone of the process; standbys go to another one first (KIP-708). */
  readonly rack?: string;
  /** Of each stateful task whose stores the member has, active or standby, by task key. */
  readonly progress: Readonly<Record<string, TaskProgress>>;
  /** Another number at each joining: a broker rebalances only for a member that says something new (KIP-441). */
  readonly joins: number;
}

const VERSION = 2;

/** Encodes member data: a version byte, then JSON. */
export function encodeMemberData(data: MemberData): Buffer {
  return Buffer.concat([Buffer.of(VERSION), Buffer.from(JSON.stringify(data), 'utf8')]);
}

/**
 * Decodes what {@link encodeMemberData} wrote; absent bytes give `undefined`.
 *
 * @throws {RecordError} (dead-letter) `MR_PROTOCOL_CORRUPT` for bytes of another kind: a consumer that is no stream
 * thread shares the group id.
 */
export function decodeMemberData(bytes: Buffer | null): MemberData | undefined {
  if (bytes === null || bytes.length === 0) return undefined;
  const data = bytes[0] === VERSION ? parsed(bytes) : undefined;
  if (typeof data?.processId === 'string' && typeof data.progress === 'object') return data as MemberData;
  throw new RecordError(
    'MR_PROTOCOL_CORRUPT',
    'a member of the group sent user data that is not of a stream thread: give each application its own applicationId',
  );
}

function parsed(bytes: Buffer): Partial<MemberData> | undefined {
  try {
    return JSON.parse(bytes.toString('utf8', 1)) as Partial<MemberData>;
  } catch {
    // The text of the error would quote the bytes of somebody else.
    return undefined;
  }
}
