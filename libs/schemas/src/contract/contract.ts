import type { Serde, Topic } from '@millrace/streams';
import type { CompatibilityMode } from '../compatibility/compatibility.js';
import type { FieldError } from './field-error.js';

/** How the values of a topic are written. */
export type ContractFormat = 'json-schema' | 'avro';

/** One released form of a topic's values. */
export interface ContractVersion {
  /** 1, 2, 3 …; in JSON it stands in the record's `version`. */
  readonly version: number;
  /** The schema as data: JSON Schema (draft 2020-12) or Avro. */
  readonly schema: object;
}

/** What is known about a topic besides its name: a {@link Topic} that can be used wherever a topology wants one. */
export interface Contract<K, V> extends Topic<K, V> {
  readonly name: string;
  readonly key: Serde<K>;
  /**
   * Checks while it reads, so no code behind it sees a value that breaks the contract.
   *
   * Its `deserialize` throws {@link RecordError} (dead-letter): `MR_RECORD_TOO_LARGE`, `MR_RECORD_UNREADABLE` (not the format at
   * all), `MR_RECORD_VERSION_UNKNOWN`, or `MR_RECORD_CONTRACT_VIOLATION` naming each field. Messages never hold a value. Its
   * `serialize` checks the size; beyond that JSON trusts the type, so what comes from outside must pass {@link validate} first.
   */
  readonly value: Serde<V>;
  readonly format: ContractFormat;
  /** All versions that can be read, oldest first; values are written as the last one. */
  readonly versions: readonly ContractVersion[];
  /** What a next version must keep. */
  readonly compatibility: CompatibilityMode;
  /** The most bytes that a value may have. */
  readonly maxBytes: number;
  /** How the topic is created where it does not exist. */
  readonly creation: TopicCreation;
  /** Everything that is wrong with a value that was not read by {@link value}; empty when it keeps the contract. */
  validate(value: unknown): readonly FieldError[];
  /** The key that belongs to a value, `null` where the value has none. */
  keyOf(value: V): K | null;
  /** The event time of a value: the record's timestamp, in milliseconds since the epoch. */
  timestampMsOf(value: V): number;
}

/** How a topic is created; Kafka's topic configuration. */
export interface TopicCreation {
  /** Number of partitions; an app may be configured to use another. */
  readonly partitions: number;
  /** Topic configuration by its Kafka name, such as `cleanup.policy`. */
  readonly configs: Readonly<Record<string, string>>;
}
