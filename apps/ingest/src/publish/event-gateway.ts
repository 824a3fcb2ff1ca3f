import { TransientError, isMillraceError, sleep, type Clock } from '@millrace/kernel';
import type { Contract, FieldError } from '@millrace/schemas';
import type { SubmittedEvent } from '../http/event-body.js';
import type { EventDestination } from './event-destination.js';
import { EventPublisher } from './event-publisher.js';
import { IngestStamp } from './ingest-stamp.js';

/** Takes the events of one request. */
export interface RequestDestination extends EventDestination {
  /** Waits until the brokers have what was sent through it. @throws the first failure among it, and of nothing else. */
  acknowledged(): Promise<void>;
}

/** What is wrong with one event of a request. */
export interface EventError {
  /** Its place in the request, from 0. */
  readonly index: number;
  /** JSON Pointer of the field, such as `/scheduledAt`; empty for the event as a whole. */
  readonly field: string;
  readonly message: string;
}

/** What became of the events of a request. */
export interface Submission {
  readonly accepted: number;
  readonly rejected: number;
  /** In order of the events; {@link MAX_REPORTED_ERRORS} at most. */
  readonly errors: readonly EventError[];
  /** How many errors are not listed; left out where all are. */
  readonly errorsOmitted?: number;
}

/** An answer lists so many errors at most: a large request that is all wrong must not be answered with a larger one. */
export const MAX_REPORTED_ERRORS = 100;

/** What {@link EventGateway} is made of. */
export interface EventGatewayOptions {
  /** Opens a destination for each request, so that no request hears of another one's failure. */
  readonly open: () => RequestDestination;
  readonly clock: Clock;
  /** How long {@link EventGateway.submit} waits for acknowledgements, in milliseconds. */
  readonly ackTimeoutMs: number;
}

interface RequestUnderWay {
  readonly publisher: EventPublisher;
  readonly destination: RequestDestination;
  readonly deadlineMs: number;
}

/** How long a request under way waits before it looks again whether there is room, in milliseconds. */
const LOOK_AGAIN_MS = 5;

/** How long a client should wait before it tries again when the brokers did not say, in milliseconds. */
const RETRY_AFTER_MS = 1_000;

/** Takes the events of requests: sends those that keep their contract and waits until the brokers have them. */
export class EventGateway {
  readonly #options: EventGatewayOptions;
  readonly #stamp: IngestStamp;

  constructor(options: EventGatewayOptions) {
    this.#options = options;
    this.#stamp = new IngestStamp(options.clock);
  }

  /**
   * Sends the events of one request and waits for their acknowledgement.
   *
   * @throws {TransientError} (retry) when the brokers push back or do not acknowledge in time. Then some of the events may
   *   have been stored: a client that sends them again may store them twice.
   */
  async submit(contract: Contract<unknown, unknown>, events: readonly SubmittedEvent[]): Promise<Submission> {
    const destination = this.#options.open();
    const publisher = new EventPublisher(destination);
    const deadlineMs = this.#options.clock.monotonicMs() + this.#options.ackTimeoutMs;
    const errors: EventError[] = [];
    let accepted = 0;
    for (const [index, event] of events.entries()) {
      if ('problem' in event) {
        errors.push({ index, field: '', message: event.problem });
        continue;
      }
      const problems = await this.#publish({ publisher, destination, deadlineMs }, contract, event.value, accepted > 0);
      if (problems.length === 0) accepted++;
      for (const { pointer, problem } of problems) errors.push({ index, field: pointer, message: problem });
    }
    if (accepted > 0) await this.#acknowledged(destination, deadlineMs);
    const errorsOmitted = errors.length - MAX_REPORTED_ERRORS;
    return {
      accepted,
      rejected: events.length - accepted,
      errors: errors.slice(0, MAX_REPORTED_ERRORS),
      ...(errorsOmitted > 0 ? { errorsOmitted } : {}),
    };
  }

  /** A full buffer refuses a request that has sent nothing yet; a request under way waits until there is room. */
  async #publish(
    { publisher, destination, deadlineMs }: RequestUnderWay,
    contract: Contract<unknown, unknown>,
    event: unknown,
    isUnderWay: boolean,
  ): Promise<readonly FieldError[]> {
    for (let hasWaited = false; ; hasWaited = true) {
      try {
        return publisher.publish(contract, event, this.#stamp.headers());
      } catch (cause) {
        const { clock } = this.#options;
        if (!isUnderWay || !isMillraceError(cause) || cause.disposition !== 'retry') throw cause;
        if (clock.monotonicMs() >= deadlineMs) throw cause;
        // What fills the buffer is this request's own, or else that of others.
        if (hasWaited) await sleep(clock, LOOK_AGAIN_MS);
        else await this.#acknowledged(destination, deadlineMs);
      }
    }
  }

  #acknowledged(destination: RequestDestination, deadlineMs: number): Promise<void> {
    const { clock, ackTimeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = clock.setTimer(Math.max(0, deadlineMs - clock.monotonicMs()), () => {
        const message = `the brokers did not acknowledge within ${ackTimeoutMs} ms: see whether they are well, then try again`;
        reject(new TransientError('MR_NETWORK_TIMEOUT', message, { retryAfterMs: RETRY_AFTER_MS }));
      });
      destination
        .acknowledged()
        .then(resolve, reject)
        .finally(() => timer.cancel());
    });
  }
}
