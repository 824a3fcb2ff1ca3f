import { isMillraceError, RecordError } from '@millrace/kernel';
import type { RecordHeader } from '@millrace/protocol';
import type { Contract, FieldError } from '@millrace/schemas';
import type { EventDestination } from './event-destination.js';

const NO_PROBLEMS: readonly FieldError[] = [];

/**
 * The one way in: checks an event against its contract, encodes it and sends it to the partition of its key.
 *
 * It keeps no promise per event: the caller flushes the destination when it wants to know that everything has arrived.
 */
export class EventPublisher {
  readonly #destination: EventDestination;

  constructor(destination: EventDestination) {
    this.#destination = destination;
  }

  /**
   * Sends one event, or says what is wrong with it.
   *
   * @param event A parsed JSON value.
   * @returns everything that breaks the contract; empty when the event has been sent.
   * @throws {TransientError} (retry) when the destination is full.
   */
  publish(
    contract: Contract<unknown, unknown>,
    event: unknown,
    headers: readonly RecordHeader[],
  ): readonly FieldError[] {
    const problems = contract.validate(event);
    if (problems.length > 0) return problems;
    let value: Buffer;
    try {
      value = contract.value.serialize(event);
    } catch (cause) {
      return [unencodable(cause)];
    }
    const key = contract.keyOf(event);
    this.#destination.send(contract.name, key === null ? null : contract.key.serialize(key), value, {
      timestampMs: contract.timestampMsOf(event),
      headers,
    });
    return NO_PROBLEMS;
  }
}

function unencodable(cause: unknown): FieldError {
  if (isMillraceError(cause) && cause instanceof RecordError) return { pointer: '', problem: cause.message };
  throw cause;
}
