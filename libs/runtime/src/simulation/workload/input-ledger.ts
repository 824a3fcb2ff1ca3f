/** A record as its source knows it. */
export interface InputRecord {
  readonly id: number;
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly timestampMs: number;
  readonly isAborted: boolean;
  /** Undefined until the broker has acknowledged it. */
  offset: number | undefined;
}

/** The truth about the input: every record that was ever sent, and whether it counts. Ids tell records of all topics apart. */
export class InputLedger {
  readonly #records: InputRecord[] = [];
  readonly #committedByTopic = new Map<string, InputRecord[]>();

  /** Notes a record before it is sent. */
  add(record: Omit<InputRecord, 'id' | 'offset'>): InputRecord {
    const added: InputRecord = { ...record, id: this.#records.length, offset: undefined };
    this.#records.push(added);
    if (!added.isAborted) {
      const known = this.#committedByTopic.get(added.topic);
      if (known === undefined) this.#committedByTopic.set(added.topic, [added]);
      else known.push(added);
    }
    return added;
  }

  get(id: number): InputRecord | undefined {
    return this.#records[id];
  }

  get size(): number {
    return this.#records.length;
  }

  /** Records in transactions that are aborted. */
  get abortedCount(): number {
    return this.#records.reduce((count, { isAborted }) => count + (isAborted ? 1 : 0), 0);
  }

  /** The records of a topic that count, in the order in which they were sent. */
  committed(topic: string): readonly InputRecord[] {
    return this.#committedByTopic.get(topic) ?? [];
  }
}
