import type { Disposition } from '@millrace/kernel';

/** What a topology does about records that fail; configured, never coded in a handler's catch. */
export interface ErrorPolicy {
  /** A key or value that its serde refuses. Default `dead-letter`. */
  readonly onDeserializationError: Extract<Disposition, 'dead-letter' | 'stop-app'>;
  /** An error that an operator or handler throws, when it has no disposition of its own. Default `stop-app`. */
  readonly onProcessingError: Extract<Disposition, 'dead-letter' | 'restart-task' | 'stop-app'>;
}

/** The policy where a topology has none. */
export const DEFAULT_ERROR_POLICY: ErrorPolicy = {
  onDeserializationError: 'dead-letter',
  onProcessingError: 'stop-app',
};
