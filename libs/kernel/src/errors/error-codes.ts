/**
 * Every error code that Millrace can raise: `MR_<AREA>_<WHAT>`.
 *
 * The union is closed on purpose: an operator can look each of them up in `docs/reference/error-codes.md`, and a check
 * fails when a code is missing there.
 */
export const ERROR_CODES = [
  // configuration and topology, found at boot
  'MR_CONFIG_INVALID',
  'MR_TOPOLOGY_INVALID',
  'MR_STATE_INCOMPATIBLE',
  // records
  'MR_RECORD_UNREADABLE',
  'MR_RECORD_UNWRITABLE',
  'MR_RECORD_CONTRACT_VIOLATION',
  'MR_RECORD_TOO_LARGE',
  'MR_RECORD_VERSION_UNKNOWN',
  'MR_RECORD_REJECTED',
  // protocol and network
  'MR_PROTOCOL_CORRUPT',
  'MR_PROTOCOL_UNSUPPORTED',
  'MR_NETWORK_DISCONNECTED',
  'MR_NETWORK_TIMEOUT',
  'MR_TLS_REFUSED',
  'MR_BROKER_UNAVAILABLE',
  'MR_BROKER_RETRIABLE',
  'MR_BROKER_REFUSED',
  'MR_BROKER_STORAGE_CORRUPT',
  'MR_BROKER_STORAGE_FAILED',
  'MR_GROUP_REBALANCED',
  'MR_PRODUCER_FENCED',
  'MR_TRANSACTION_ABORTABLE',
  'MR_OFFSET_OUT_OF_RANGE',
  // engine and runtime
  'MR_TASK_FENCED',
  'MR_TASK_FAILED',
  'MR_STORE_CORRUPT',
  'MR_STORE_FAILED',
  'MR_STORE_CLOSED',
  'MR_BUFFER_FULL',
  'MR_RESTORE_FAILED',
  'MR_LIFECYCLE_ORDER',
  'MR_WORKER_FAILED',
  // interactive queries
  'MR_QUERY_INVALID',
  'MR_QUERY_STORE_UNKNOWN',
  'MR_QUERY_UNAVAILABLE',
  // adapters
  'MR_DEPENDENCY_TIMEOUT',
  'MR_DEPENDENCY_UNAVAILABLE',
  'MR_CIRCUIT_OPEN',
  'MR_SINK_FENCED',
  'MR_SINK_REFUSED',
  'MR_ARCHIVE_CORRUPT',
  'MR_DATA_MISSING',
] as const;

/** One of {@link ERROR_CODES}. */
export type ErrorCode = (typeof ERROR_CODES)[number];
