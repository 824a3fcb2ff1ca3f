import { RecordError, TaskError, describeError } from '@millrace/kernel';
import { MAX_PARTITION } from '@millrace/protocol';
import type { TopicPartition } from '../metadata/topic-metadata.js';
import type { PendingBatch } from './pending-batch.js';

/** For a batch that no request can hold. */
export function tooLarge(
  { topic, partition }: TopicPartition,
  sizeInBytes: number,
  maxRequestBytes: number,
): RecordError {
  const message = `a batch of ${sizeInBytes} bytes for ${topic}-${partition} exceeds maxRequestBytes (${maxRequestBytes})`;
  return new RecordError('MR_RECORD_TOO_LARGE', message, { place: { topic, partition } });
}

/**
 * For a record whose partition is not one of its topic.
 *
 * @param count how many the topic has; left out where no topic has such a one.
 */
export function noSuchPartition(topic: string, partition: number, count?: number): RecordError {
  const present = count === undefined ? `they are whole numbers from 0 to ${MAX_PARTITION}` : `it has ${count}, from 0`;
  const message = `topic '${topic}' has no partition ${partition} (${present}): name one that it has, or none, to go by the key`;
  return new RecordError('MR_RECORD_REJECTED', message, { place: { topic, partition } });
}

/** Nobody knows whether a batch that was sent is in the log; only a task that starts again from committed state is safe. */
export function tooLate(batch: PendingBatch, deliveryTimeoutMs: number, cause?: Error): TaskError {
  const { topic, partition, attempts } = batch;
  const last = cause === undefined ? '' : `; at last: ${describeError(cause)}`;
  const message = `a batch for ${topic}-${partition} was not acknowledged within ${deliveryTimeoutMs} ms (tries: ${attempts})${last}`;
  return new TaskError('MR_NETWORK_TIMEOUT', message, { place: { topic, partition }, cause });
}

/** A rejected promise that nobody has to look at: flush and commit tell of the error too. */
export function refused(error: Error): Promise<never> {
  const promise = Promise.reject(error);
  promise.catch(() => undefined);
  return promise;
}
