import { RecordBatchBuilder, RecordBatchCursor, partitionForKey, readHeaders } from '@millrace/protocol';
import type { RecordCollector } from '../task/record-collector.js';
import type { RecordRun } from '../task/record-run.js';

/** A record as it was handed to a collector, with bytes of its own. */
export function copyOfSent(
  ...[
    ,
    ,
    timestampMs,
    key,
    keyStart,
    keyEnd,
    value,
    valueStart,
    valueEnd,
    headers,
    headersStart,
    headersEnd,
  ]: Parameters<RecordCollector['send']>
): RawRecord {
  const hasHeaders = headers !== null && headersEnd - headersStart > 1;
  return {
    key: key === null || keyStart < 0 ? null : Buffer.from(key.subarray(keyStart, keyEnd)),
    value: value === null || valueStart < 0 ? null : Buffer.from(value.subarray(valueStart, valueEnd)),
    timestampMs,
    headers: hasHeaders ? Buffer.from(headers.subarray(headersStart, headersEnd)) : null,
  };
}

/** A record as bytes. */
export interface RawRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestampMs: number;
  /** As in a record batch, count included; null for none. */
  readonly headers: Buffer | null;
}

/** Records in memory as a {@link RecordRun}. */
export class MemoryRun implements RecordRun {
  readonly cursor = new RecordBatchCursor();
  readonly nextOffset: number;

  constructor(records: readonly RawRecord[], baseOffset: number) {
    const builder = new RecordBatchBuilder();
    for (const { timestampMs, key, value, headers } of records) {
      builder.append(timestampMs, key, value, headers === null ? [] : readHeaders(headers, 0, headers.length));
    }
    this.nextOffset = baseOffset + records.length;
    if (records.length > 0) this.cursor.reset(builder.build({ baseOffset }));
  }

  nextRecord(): boolean {
    return this.cursor.nextRecord() || (this.cursor.nextBatch() && this.cursor.nextRecord());
  }
}

/** Topics in memory, all with the same number of partitions. Records without a key go to partition 0. */
export class MemoryTopics implements RecordCollector {
  readonly #partitions: number;
  readonly #logs = new Map<string, RawRecord[][]>();
  /** All records of a topic in the order in which they were written, over its partitions. */
  readonly #inOrder = new Map<string, RawRecord[]>();

  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  partitionCount(): number {
    return this.#partitions;
  }

  send(...sent: Parameters<RecordCollector['send']>): void {
    const [topic, partition] = sent;
    this.append(topic, copyOfSent(...sent), partition);
  }

  /** Appends a record; where no partition is given its key chooses one, as Kafka's default partitioner does. */
  append(topic: string, record: RawRecord, partition = -1): void {
    const keyed = record.key === null ? 0 : partitionForKey(record.key, this.#partitions);
    this.log(topic, partition < 0 ? keyed : partition).push(record);
    const inOrder = this.#inOrder.get(topic);
    if (inOrder === undefined) this.#inOrder.set(topic, [record]);
    else inOrder.push(record);
  }

  /** The records of a partition, by offset. */
  log(topic: string, partition: number): RawRecord[] {
    let logs = this.#logs.get(topic);
    if (logs === undefined) {
      logs = Array.from({ length: this.#partitions }, () => []);
      this.#logs.set(topic, logs);
    }
    return logs[partition] as RawRecord[];
  }

  /** The records of a topic in the order in which they were written. */
  inOrder(topic: string): readonly RawRecord[] {
    return this.#inOrder.get(topic) ?? [];
  }
}
