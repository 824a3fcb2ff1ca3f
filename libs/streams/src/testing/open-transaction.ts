import type { RecordCollector } from '../task/record-collector.js';
import { copyOfSent, type MemoryTopics, type RawRecord } from './memory-topics.js';

/** What a task has written since its last commit: seen by nobody until {@link commit}, as by a reader of committed records. */
export class OpenTransaction implements RecordCollector {
  readonly #topics: MemoryTopics;
  #written: { readonly topic: string; readonly partition: number; readonly record: RawRecord }[] = [];

  constructor(topics: MemoryTopics) {
    this.#topics = topics;
  }

  partitionCount(): number {
    return this.#topics.partitionCount();
  }

  send(...sent: Parameters<RecordCollector['send']>): void {
    const [topic, partition] = sent;
    this.#written.push({ topic, partition, record: copyOfSent(...sent) });
  }

  /** Forgets what was written. */
  abort(): void {
    this.#written = [];
  }

  commit(): void {
    for (const { topic, partition, record } of this.#written) this.#topics.append(topic, record, partition);
    this.#written = [];
  }
}
