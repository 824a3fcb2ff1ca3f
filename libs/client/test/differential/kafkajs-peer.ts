/**
 * kafkajs as the other side. Its codecs are foreign code: gzip is its own, zstd is Node's, lz4 is that of lz4-napi, whose decoder this
 * client does not use. No kept-up codec for snappy exists; what Kafka's own consumer reads is compared there.
 */
import kafkajs, { type Consumer, type IHeaders, type KafkaMessage, type Message, type Producer } from 'kafkajs';
import lz4 from 'lz4-napi';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { RecordHeader } from '@millrace/protocol';
import { eventually } from '../contract/contract-session.js';
import { headersByName, hex, type RecordDraft, type WireRecord } from './wire-record.js';

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs;

interface Encoder {
  readonly buffer: Buffer;
}

CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async (encoder: Encoder) => lz4.compressFrameSync(encoder.buffer),
  decompress: async (bytes: Buffer) => lz4.decompressFrameSync(bytes),
});
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async (encoder: Encoder) => zstdCompressSync(encoder.buffer),
  decompress: async (bytes: Buffer) => zstdDecompressSync(bytes),
});

/** What both clients can compress, by kafkajs' number. */
export const SHARED_CODECS = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
} as const;

export type SharedCodec = keyof typeof SHARED_CODECS;

let groupCount = 0;

/** Producers and readers of kafkajs, all ended by {@link stop}. */
export class KafkaJsPeer {
  readonly #kafka: InstanceType<typeof Kafka>;
  readonly #started: { disconnect(): Promise<void> }[] = [];

  constructor(bootstrap: readonly string[]) {
    this.#kafka = new Kafka({ clientId: 'differential', brokers: [...bootstrap], logLevel: logLevel.NOTHING });
  }

  async producer(transactionalId?: string): Promise<Producer> {
    const transactional = transactionalId === undefined ? {} : { transactionalId, idempotent: true };
    const producer = this.#kafka.producer({ ...transactional, maxInFlightRequests: 1 });
    await producer.connect();
    this.#started.push(producer);
    return producer;
  }

  /** Reads partition 0 of a topic from an offset on, for as long as the test lasts. */
  async reader(
    topic: string,
    options: { fromOffset?: number; readUncommitted?: boolean } = {},
  ): Promise<KafkaJsReader> {
    const { fromOffset = 0, readUncommitted = true } = options;
    const groupId = `differential-${process.pid}-${++groupCount}`;
    const consumer = this.#kafka.consumer({ groupId, readUncommitted, maxWaitTimeInMs: 20 });
    await consumer.connect();
    this.#started.push(consumer);
    const reader = new KafkaJsReader();
    await consumer.subscribe({ topic, fromBeginning: true });
    await joined(consumer, () =>
      consumer.run({ autoCommit: false, eachMessage: async ({ message }) => reader.take(message) }),
    );
    if (fromOffset > 0) {
      consumer.seek({ topic, partition: 0, offset: `${fromOffset}` });
    }
    return reader;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#started.splice(0).map((each) => each.disconnect()));
  }
}

/** What kafkajs has read so far. */
export class KafkaJsReader {
  readonly #seen: WireRecord[] = [];

  take({ offset, timestamp, key, value, headers = {} }: KafkaMessage): void {
    const flat = headerList(headers);
    const record = { offset: Number(offset), timestampMs: Number(timestamp), key: hex(key), value: hex(value) };
    this.#seen.push({ ...record, headers: headersByName(flat) });
  }

  /** Everything from `fromOffset` on, once a record at `lastOffset` or behind it was read. */
  async upTo(lastOffset: number, fromOffset = 0): Promise<WireRecord[]> {
    await eventually(`kafkajs has read offset ${lastOffset}`, () => (this.#seen.at(-1)?.offset ?? -1) >= lastOffset);
    return this.#seen.filter(({ offset }) => offset >= fromOffset && offset <= lastOffset);
  }
}

/** A draft as kafkajs takes it, for partition 0. */
export function kafkaJsMessage({ timestampMs, key, value, headers }: RecordDraft): Message {
  const byName: Record<string, Buffer[]> = {};
  for (const header of headers) (byName[header.key] ??= []).push(Buffer.from(header.value ?? []));
  return {
    partition: 0,
    timestamp: `${timestampMs}`,
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    headers: byName,
  };
}

function headerList(headers: IHeaders): RecordHeader[] {
  return Object.entries(headers).flatMap(([key, values]) =>
    (Array.isArray(values) ? values : [values]).map((value) => ({
      key,
      value: value === undefined || value === null ? null : Buffer.from(value),
    })),
  );
}

async function joined(consumer: Consumer, run: () => Promise<void>): Promise<void> {
  let isJoined = false;
  const unsubscribe = consumer.on(consumer.events.GROUP_JOIN, () => {
    isJoined = true;
  });
  await run();
  await eventually('kafkajs has joined its group', () => isJoined);
  unsubscribe();
}
