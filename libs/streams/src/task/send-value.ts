import { GrowingBytes } from '@millrace/protocol';
import type { Serde } from '../serde/serde.js';
import type { RecordCollector } from './record-collector.js';

/** Holds a value on its way to a collector that takes bytes alone. */
const scratch = new GrowingBytes();

/**
 * Sends a record whose value its serde is to write: straight to where it is going, where collector and serde can. Else as
 * {@link RecordCollector.send}. Throws as both.
 */
export function sendValue(
  collector: RecordCollector,
  topic: string,
  partition: number,
  timestampMs: number,
  key: Buffer | null,
  keyStart: number,
  keyEnd: number,
  serde: Serde<unknown>,
  value: unknown,
  headers: Buffer | null,
  headersStart: number,
  headersEnd: number,
): void {
  let bytes: Buffer;
  let end: number;
  if (serde.serializeTo === undefined) {
    bytes = serde.serialize(value);
    end = bytes.length;
  } else if (collector.sendWritten === undefined) {
    scratch.clear();
    serde.serializeTo(value, scratch);
    bytes = scratch.bytes;
    end = scratch.length;
  } else {
    collector.sendWritten(
      topic,
      partition,
      timestampMs,
      key,
      keyStart,
      keyEnd,
      serde,
      value,
      headers,
      headersStart,
      headersEnd,
    );
    return;
  }
  collector.send(
    topic,
    partition,
    timestampMs,
    key,
    keyStart,
    keyEnd,
    bytes,
    0,
    end,
    headers,
    headersStart,
    headersEnd,
  );
}
