import { RecordError } from '@millrace/kernel';

/** What a stream thread tells the leader about itself when it joins (`userData` of its subscription). */
export interface MemberData {
  /** Same for all threads of one process. */
  readonly processId: string;
  /** Names the shape of the topology; members with another shape are only given tasks whose topics they read. */
  readonly topologyHash: string;
}

const VERSION = 1;

/** Encodes member data: a version byte, then JSON. */
export function encodeMemberData(data: MemberData): Buffer {
  return Buffer.concat([Buffer.of(VERSION), Buffer.from(JSON.stringify([data.processId, data.topologyHash]))]);
}

/**
 * Decodes what {@link encodeMemberData} wrote; absent bytes give `undefined`.
 *
 * @throws {RecordError} (dead-letter) `MR_PROTOCOL_CORRUPT` for bytes of another kind: a consumer that is no stream
 * thread shares the group id.
 */
export function decodeMemberData(bytes: Buffer | null | undefined): MemberData | undefined {
  if (bytes === null || bytes === undefined || bytes.length === 0) return undefined;
  const refuse = (cause?: unknown): RecordError =>
    new RecordError(
      'MR_PROTOCOL_CORRUPT',
      'a member of the group sent user data that is not of a stream thread: give each application its own applicationId',
      { cause },
    );
  if (bytes[0] !== VERSION) throw refuse();
  let fields: unknown;
  try {
    fields = JSON.parse(bytes.toString('utf8', 1));
  } catch (cause) {
    throw refuse(cause);
  }
  if (!Array.isArray(fields) || typeof fields[0] !== 'string' || typeof fields[1] !== 'string') throw refuse();
  return { processId: fields[0], topologyHash: fields[1] };
}
