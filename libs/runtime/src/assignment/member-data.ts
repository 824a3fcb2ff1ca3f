import { RecordError } from '@millrace/kernel';

/** What a stream thread tells the leader about itself when it joins (`userData` of its subscription). */
export interface MemberData {
  /** Same for all threads of one process. */
  readonly processId: string;
}

const VERSION = 1;

/** Encodes member data: a version byte, then the process id. */
export function encodeMemberData({ processId }: MemberData): Buffer {
  return Buffer.concat([Buffer.of(VERSION), Buffer.from(processId, 'utf8')]);
}

/**
 * Decodes what {@link encodeMemberData} wrote; absent bytes give `undefined`.
 *
 * @throws {RecordError} (dead-letter) `MR_PROTOCOL_CORRUPT` for bytes of another kind: a consumer that is no stream
 * thread shares the group id.
 */
export function decodeMemberData(bytes: Buffer | null): MemberData | undefined {
  if (bytes === null || bytes.length === 0) return undefined;
  if (bytes[0] === VERSION) return { processId: bytes.toString('utf8', 1) };
  throw new RecordError(
    'MR_PROTOCOL_CORRUPT',
    'a member of the group sent user data that is not of a stream thread: give each application its own applicationId',
  );
}

/**
 * What the leader tells a member that has to let go of tasks (`userData` of its assignment): they are given away in another
 * round, which the member asks for once it has let go. One with an instance id that comes back meanwhile has nothing to
 * let go of any more, so only this tells it that the round is still due.
 */
export const ROUND_IS_DUE = Buffer.of(VERSION, 1);

/** Whether an assignment came with {@link ROUND_IS_DUE}. */
export function isRoundDue(userData: Buffer | null): boolean {
  return userData !== null && userData.equals(ROUND_IS_DUE);
}
