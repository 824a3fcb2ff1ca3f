import { RecordError } from '@millrace/kernel';

/** What a stream thread tells the leader about itself when it joins (`userData` of its subscription). */
export interface MemberData {
  /** Same for all threads of one process. */
  readonly processId: string;
  /** Where others reach the queries of this process; absent where it takes none. */
  readonly advertisedUrl?: string;
}

/** The process id alone: what members without an address write, and every member of a release before addresses. */
const PLAIN = 1;
/** JSON, to which later versions may add. */
const VERSION = 2;

/** Encodes member data: a version byte, then what that version says. */
export function encodeMemberData(data: MemberData): Buffer {
  if (data.advertisedUrl === undefined) {
    return Buffer.concat([Buffer.of(PLAIN), Buffer.from(data.processId, 'utf8')]);
  }
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
  if (bytes[0] === PLAIN) return { processId: bytes.toString('utf8', 1) };
  if (bytes[0] === VERSION) return JSON.parse(bytes.toString('utf8', 1)) as MemberData;
  throw new RecordError(
    'MR_PROTOCOL_CORRUPT',
    'a member of the group sent user data that is not of a stream thread: give each application its own applicationId',
  );
}
