import type { ComparableSchema } from '../compatibility/compatibility.js';

/** A schema as a registry knows it. */
export interface RegisteredSchema extends ComparableSchema {
  /** What stands in the frame of a value that was written with it. */
  readonly id: number;
  /** The topic's name and `-value`, as Confluent's registries call it by default. */
  readonly subject: string;
  /** 1, 2, 3 … within the subject. */
  readonly version: number;
}

/** Where schemas are registered and found by the id that a value carries. */
export interface ContractRegistry {
  /**
   * Registers a schema under a subject, or finds it there.
   *
   * @throws {ConfigurationError} (stop-app) when it is incompatible with a version that is there already.
   */
  register(subject: string, schema: ComparableSchema): Promise<RegisteredSchema>;
  /** The schema with this id, or `undefined`. */
  schemaById(id: number): Promise<RegisteredSchema | undefined>;
  /** All versions of a subject, oldest first; empty when it is unknown. */
  versionsOf(subject: string): Promise<readonly RegisteredSchema[]>;
}

/** The subject of a topic's values. */
export function valueSubject(topicName: string): string {
  return `${topicName}-value`;
}
