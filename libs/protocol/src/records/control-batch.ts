import { RecordBatchBuilder } from './record-batch-builder.js';

const ABORT = 0;
const COMMIT = 1;
const KEY_BYTES = 4;
const MARKER_BYTES = 6;

/** How a transaction ended. */
export type TransactionEnd = 'commit' | 'abort';

/** What a broker writes into each partition of a transaction when it ends. */
export interface ControlBatchOptions {
  readonly type: TransactionEnd;
  readonly producerId: number;
  readonly producerEpoch: number;
  /** The epoch of the coordinator that decided; default 0. */
  readonly coordinatorEpoch?: number;
  readonly timestampMs: number;
  /** Default 0. */
  readonly baseOffset?: number;
  /** Default -1. */
  readonly partitionLeaderEpoch?: number;
}

/** Builds the batch with the control record that ends a transaction (KIP-98): one offset, no sequence, no compression. */
export function buildControlBatch(options: ControlBatchOptions): Buffer {
  const key = Buffer.alloc(KEY_BYTES);
  key.writeInt16BE(options.type === 'commit' ? COMMIT : ABORT, 2);
  const value = Buffer.alloc(MARKER_BYTES);
  value.writeInt32BE(options.coordinatorEpoch ?? 0, 2);
  const builder = new RecordBatchBuilder({ initialBytes: 128 });
  builder.append(options.timestampMs, key, value);
  return builder.build({
    producerId: options.producerId,
    producerEpoch: options.producerEpoch,
    isTransactional: true,
    isControl: true,
    baseOffset: options.baseOffset ?? 0,
    partitionLeaderEpoch: options.partitionLeaderEpoch ?? -1,
  });
}

/**
 * What the key of a control record stands for: the end of a transaction, or `other` for the types that only Kafka's own
 * metadata log holds and those of the future. A reader skips all of them.
 */
export function parseControlRecord(key: Uint8Array | null): TransactionEnd | 'other' {
  if (key === null || key.length < KEY_BYTES) return 'other';
  const type = ((key[2] as number) << 8) | (key[3] as number);
  if (type === COMMIT) return 'commit';
  return type === ABORT ? 'abort' : 'other';
}
