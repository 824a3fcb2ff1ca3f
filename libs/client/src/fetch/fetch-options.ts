/** How a fetcher reads. */
export interface FetcherOptions {
  /**
   * `read_committed` leaves out aborted transactions and stops before open ones. Default `read_uncommitted`. Kafka property
   * `isolation.level`.
   */
  readonly isolation?: 'read_committed' | 'read_uncommitted';
  /** How long a broker may wait for `minBytes`, in milliseconds. Default 500. Kafka property `fetch.max.wait.ms`. */
  readonly maxWaitMs?: number;
  /** Default 1. Kafka property `fetch.min.bytes`. */
  readonly minBytes?: number;
  /** Greatest size of an answer, in bytes; a single batch may exceed it. Default 50 MiB. Kafka property `fetch.max.bytes`. */
  readonly maxBytes?: number;
  /**
   * Greatest share of a partition in an answer, in bytes; a single batch may exceed it. Default 1 MiB. Kafka property
   * `max.partition.fetch.bytes`.
   */
  readonly partitionMaxBytes?: number;
  /**
   * Bytes to hold before they are polled; answers on their way may exceed it. Partitions that are held back do not count: others
   * would wait for them. Default 64 MiB.
   */
  readonly maxBufferedBytes?: number;
}

/** {@link FetcherOptions} with every default in place. */
export type FetcherSettings = Required<FetcherOptions>;

const MIB = 1024 * 1024;

/** Puts the defaults in place. */
export function resolveFetcherOptions(options: FetcherOptions): FetcherSettings {
  return {
    isolation: options.isolation ?? 'read_uncommitted',
    maxWaitMs: options.maxWaitMs ?? 500,
    minBytes: options.minBytes ?? 1,
    maxBytes: options.maxBytes ?? 50 * MIB,
    partitionMaxBytes: options.partitionMaxBytes ?? MIB,
    maxBufferedBytes: options.maxBufferedBytes ?? 64 * MIB,
  };
}
