import { partitionKey } from '../assignment/task-layout.js';

/** The offset after the last record that a commit has written to a partition; undefined where it wrote none. */
export type EndOf = (topic: string, partition: number) => number | undefined;

/** Collects, batch by batch as they are acknowledged, how far the open commit has written each partition. */
export class WrittenEnds {
  #ends = new Map<string, number>();

  /** @param baseOffset as in the broker's answer: -1 where it does not know it any more, so that the end cannot be told. */
  acknowledged(topic: string, partition: number, baseOffset: number, records: number): void {
    const key = partitionKey(topic, partition);
    if (baseOffset < 0) this.#ends.set(key, -1);
    else if (this.#ends.get(key) !== -1) this.#ends.set(key, baseOffset + records);
  }

  /** Hands over what the commit has written; the next one begins. */
  take(): EndOf {
    const ends = this.#ends;
    this.#ends = new Map();
    return (topic, partition) => {
      const end = ends.get(partitionKey(topic, partition));
      return end === undefined || end < 0 ? undefined : end;
    };
  }

  /** Forgets what was written: the commit is given up. */
  clear(): void {
    this.#ends.clear();
  }
}
