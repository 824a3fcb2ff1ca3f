import { Admin, type Cluster } from '@millrace/client';
import { partitionKey, type TopicPartition } from '../assignment/task-layout.js';

/** How far an input was read. */
export interface ReadPosition extends TopicPartition {
  /** Offset of the next record to be read. */
  readonly position: number;
}

interface Question {
  readonly question: string;
  ends: ReadonlyMap<string, number> | undefined;
}

/** Looks up the ends of logs, by {@link partitionKey}. */
export type AskEnds = (partitions: readonly TopicPartition[]) => Promise<ReadonlyMap<string, number>>;

/**
 * The ends of logs with everything that is in them, open transactions too: what is not committed yet, or not yet marked as
 * committed, is still to come for a reader of committed records.
 */
export function askHighWatermarks(cluster: Cluster): AskEnds {
  return async (partitions) => {
    const listed = await new Admin(cluster).listOffsets(
      partitions.map(({ topic, partition }) => ({ topic, partition, at: 'latest' })),
    );
    return new Map(listed.map(({ topic, partition, offset }) => [partitionKey(topic, partition), offset]));
  };
}

/**
 * Confirms that a reader stands at the ends of its inputs: the brokers, asked after it came to a halt, name no offset
 * beyond its positions, and it has not moved on since.
 *
 * What a fetcher knows would not do. Its last answer may be older than a record that the caller knows of, and it knows of
 * nothing in open transactions.
 */
export class EndConfirmation {
  readonly #ask: AskEnds;
  #asked: Question | undefined;

  constructor(ask: AskEnds) {
    this.#ask = ask;
  }

  /**
   * Called again and again while the reader seems to be done; true once that is confirmed. The question is asked in the
   * background; one that could not be answered is asked again.
   *
   * @param activity Changes whenever the reader does anything.
   */
  isConfirmed(activity: number, positions: readonly ReadPosition[]): boolean {
    if (positions.length === 0) return true;
    const question = `${activity}:${positions.map(({ topic, partition }) => partitionKey(topic, partition)).join()}`;
    if (this.#asked?.question !== question) {
      this.#begin(question, positions);
      return false;
    }
    const { ends } = this.#asked;
    if (ends === undefined) return false;
    this.#asked = undefined;
    return positions.every(
      ({ topic, partition, position }) => position >= (ends.get(partitionKey(topic, partition)) ?? Infinity),
    );
  }

  #begin(question: string, positions: readonly ReadPosition[]): void {
    const asked: Question = { question, ends: undefined };
    this.#asked = asked;
    this.#ask(positions).then(
      (ends) => (asked.ends = ends),
      () => {
        if (this.#asked === asked) this.#asked = undefined;
      },
    );
  }
}
