import { FatalError, type MillraceErrorOptions } from '@millrace/kernel';

/**
 * The state directory cannot be written or read (`MR_BROKER_STORAGE_FAILED`): disposition `stop-app` for whoever started
 * the broker; a client sees KAFKA_STORAGE_ERROR and may try again.
 */
export class StorageError extends FatalError {
  constructor(message: string, options?: MillraceErrorOptions) {
    super('MR_BROKER_STORAGE_FAILED', message, options);
  }
}
