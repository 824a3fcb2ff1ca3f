import { ConfigurationError } from '@millrace/kernel';
import type { Compression } from '@millrace/protocol';

/** How a producer works. It is always idempotent (KIP-98) and always waits for all in-sync replicas. */
export interface ProducerOptions {
  /** Makes the producer transactional; a later producer with the same id fences this one. Kafka property `transactional.id`. */
  readonly transactionalId?: string;
  /**
   * After so long the broker aborts an open transaction, in milliseconds. Default 60000. Kafka property
   * `transaction.timeout.ms`.
   */
  readonly transactionTimeoutMs?: number;
  /** Default `none`. Kafka property `compression.type`. */
  readonly compression?: Compression;
  /** Greatest size of a batch and of a Produce request, in bytes. Default 1000000. Kafka property `max.request.size`. */
  readonly maxRequestBytes?: number;
  /**
   * How long a batch may wait for its acknowledgement, retries included, in milliseconds. Default 120000. Kafka property
   * `delivery.timeout.ms`.
   */
  readonly deliveryTimeoutMs?: number;
  /**
   * Unanswered Produce requests to one broker, 1 to 5. Default 5. Kafka property `max.in.flight.requests.per.connection`.
   */
  readonly maxInFlight?: number;
  /**
   * The highest transaction version (KIP-890) to use where the broker offers it. Default 2; 1 for a cluster whose
   * operators hold it back.
   */
  readonly maxTransactionVersion?: 1 | 2;
}

/** {@link ProducerOptions} with every default in place. */
export interface ProducerSettings {
  readonly transactionalId: string | undefined;
  readonly transactionTimeoutMs: number;
  readonly compression: Compression;
  readonly maxRequestBytes: number;
  readonly deliveryTimeoutMs: number;
  readonly maxInFlight: number;
  readonly maxTransactionVersion: 1 | 2;
}

/** A broker remembers the last five batches of a producer: with more in flight it could not recognise a repetition. */
const MAX_IN_FLIGHT = 5;

/** @throws {ConfigurationError} (stop-app) naming everything that is wrong. */
export function resolveProducerOptions(options: ProducerOptions): ProducerSettings {
  const settings: ProducerSettings = {
    transactionalId: options.transactionalId,
    transactionTimeoutMs: options.transactionTimeoutMs ?? 60_000,
    compression: options.compression ?? 'none',
    maxRequestBytes: options.maxRequestBytes ?? 1_000_000,
    deliveryTimeoutMs: options.deliveryTimeoutMs ?? 120_000,
    maxInFlight: options.maxInFlight ?? MAX_IN_FLIGHT,
    maxTransactionVersion: options.maxTransactionVersion ?? 2,
  };
  const problems: string[] = [];
  if (settings.transactionalId === '') problems.push('transactionalId: must not be empty');
  if (!(settings.maxInFlight >= 1 && settings.maxInFlight <= MAX_IN_FLIGHT)) {
    problems.push(`maxInFlight: ${settings.maxInFlight} is not between 1 and ${MAX_IN_FLIGHT}`);
  }
  for (const name of ['transactionTimeoutMs', 'maxRequestBytes', 'deliveryTimeoutMs'] as const) {
    if (!(settings[name] > 0)) problems.push(`${name}: ${settings[name]} is not a positive number`);
  }
  if (problems.length > 0) throw new ConfigurationError('the options of the producer', problems);
  return settings;
}
