import { ErrorCodes } from '@millrace/protocol';
import { orWhenStorageFails } from '../storage/storage-failures.js';
import type { Participants, ProducerIdentity } from '../transaction/transaction-coordinator.js';
import type { BrokerServices } from './services.js';

/**
 * From which version on a request adds what it writes to the transaction by itself (transaction version 2), and
 * from which on it can be answered with TRANSACTION_ABORTABLE.
 */
const VERSIONS = {
  produce: { addsSince: 12, abortableSince: 11 },
  'offset-commit': { addsSince: 5, abortableSince: 4 },
} as const;

/**
 * Sees that what a request is about to write belongs to its producer's open transaction: adds it (version 2) or verifies that
 * it was added before (version 1).
 *
 * @returns the error code as Kafka reports it for this kind of request.
 */
export function participationError(
  services: BrokerServices,
  kind: keyof typeof VERSIONS,
  apiVersion: number,
  producer: ProducerIdentity,
  participants: Participants,
): number {
  const { addsSince, abortableSince } = VERSIONS[kind];
  const { transactions } = services;
  const errorCode = orWhenStorageFails<number>(
    () =>
      apiVersion >= addsSince ? transactions.add(producer, participants) : transactions.verify(producer, participants),
    () => ErrorCodes.NOT_ENOUGH_REPLICAS,
  );
  switch (errorCode) {
    case ErrorCodes.PRODUCER_FENCED:
      return ErrorCodes.INVALID_PRODUCER_EPOCH;
    case ErrorCodes.TRANSACTION_ABORTABLE:
      return apiVersion >= abortableSince ? errorCode : ErrorCodes.INVALID_TXN_STATE;
    case ErrorCodes.CONCURRENT_TRANSACTIONS:
      return apiVersion >= addsSince ? errorCode : ErrorCodes.NOT_ENOUGH_REPLICAS;
    default:
      return errorCode;
  }
}
