import type { TopicCreation } from './contract.js';

/** Partitions of a topic that is not configured otherwise. Topics that are joined have the same number. */
export const DEFAULT_PARTITIONS = 6;

/**
 * Events, kept for ever: their timestamps are event times, of 2013 in the example's data, and Kafka would delete what is
 * older than `retention.ms` by just these timestamps.
 */
export const KEPT: TopicCreation = {
  partitions: DEFAULT_PARTITIONS,
  configs: { 'cleanup.policy': 'delete', 'retention.ms': '-1' },
};

/** The last value of each key. */
export const COMPACTED: TopicCreation = {
  partitions: DEFAULT_PARTITIONS,
  configs: { 'cleanup.policy': 'compact' },
};

/** The last value of each key of a small table that every instance holds whole. */
export const COMPACTED_GLOBAL: TopicCreation = {
  partitions: 1,
  configs: { 'cleanup.policy': 'compact' },
};
