import { RecordError } from '@millrace/kernel';
import { describeFieldErrors, type FieldError } from './field-error.js';

/** The value has more bytes than its contract allows. */
export function tooLarge(topic: string, bytes: number, maxBytes: number): RecordError {
  return new RecordError(
    'MR_RECORD_TOO_LARGE',
    `a value of '${topic}' has ${bytes} bytes, but its contract allows ${maxBytes}: send a smaller value, or raise maxBytes of the contract`,
    { place: { topic, bytes, maxBytes } },
  );
}

/** The bytes are not in the contract's format. The parser's own error stays out: it quotes the payload. */
export function unreadable(topic: string, what: string): RecordError {
  return new RecordError('MR_RECORD_UNREADABLE', `a value of '${topic}' cannot be read: ${what}`, { place: { topic } });
}

/** The value is in the right format, but not what the contract says. */
export function violation(topic: string, errors: readonly FieldError[]): RecordError {
  return new RecordError(
    'MR_RECORD_CONTRACT_VIOLATION',
    `a value of '${topic}' breaks its contract: ${describeFieldErrors(errors)}`,
    { place: { topic, field: errors[0]?.pointer } },
  );
}

/** The value says that it is of a version that this program does not know. */
export function unknownVersion(topic: string, known: readonly number[], what: string): RecordError {
  return new RecordError(
    'MR_RECORD_VERSION_UNKNOWN',
    `a value of '${topic}' has ${what}, but this program knows version ${known.join(', ')}: deploy the consumers before the producers of a new version`,
    { place: { topic } },
  );
}
