import { ErrorCodes } from '@millrace/protocol';
import { orWhenStorageFails } from '../storage/storage-failures.js';
import type { ProducerAnswer } from '../transaction/transaction-coordinator.js';

/** Older versions of the transaction APIs know fenced producers by another code. */
export function fencedFor(apiVersion: number, fencedSinceVersion: number, errorCode: number): number {
  const isTooNew = errorCode === ErrorCodes.PRODUCER_FENCED && apiVersion < fencedSinceVersion;
  return isTooNew ? ErrorCodes.INVALID_PRODUCER_EPOCH : errorCode;
}

/** Asks the coordinator; when its journal cannot be written, the client may try again. */
export function askCoordinator(ask: () => ProducerAnswer): ProducerAnswer {
  const errorCode = ErrorCodes.COORDINATOR_NOT_AVAILABLE;
  return orWhenStorageFails(ask, () => ({ errorCode, producerId: -1, producerEpoch: -1 }));
}
