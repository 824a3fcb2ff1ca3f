import { FatalError, type ErrorPlace } from '@millrace/kernel';

/**
 * Bytes that do not follow Kafka's protocol (`MR_PROTOCOL_CORRUPT`), or a message that the chosen version cannot carry
 * (`MR_PROTOCOL_UNSUPPORTED`).
 *
 * Whoever owns the connection closes it: after a corrupt frame nothing that follows on the same stream can be trusted.
 */
export class ProtocolError extends FatalError {}

/** An error for bytes that break the protocol. `position` counts bytes from the start of the frame or buffer. */
export function corrupt(problem: string, position?: number): ProtocolError {
  const place: ErrorPlace = position === undefined ? {} : { bytePosition: position };
  const where = position === undefined ? '' : ` at byte ${position}`;
  return new ProtocolError('MR_PROTOCOL_CORRUPT', `${problem}${where}; close the connection and open a new one.`, {
    place,
  });
}

/** An error for a value that cannot be written as asked. */
export function unsupported(problem: string): ProtocolError {
  return new ProtocolError('MR_PROTOCOL_UNSUPPORTED', problem);
}
