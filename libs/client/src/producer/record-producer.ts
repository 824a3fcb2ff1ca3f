import { RecordError, TransientError, nextInt, type Lifecycle, type Timer } from '@millrace/kernel';
import { mayBePartition, partitionForKey, type Compression, type RecordHeader } from '@millrace/protocol';
import { Cluster } from '../cluster/cluster.js';
import { OpenBatch, type RecordPlace } from './open-batch.js';
import { noSuchPartition } from './produce-errors.js';
import { Producer } from './producer.js';
import { TrackedRecords, type TrackingProducer } from './tracked-records.js';

/** How a {@link RecordProducer} gathers records. */
export interface RecordProducerOptions {
  /** How long a record may wait for others, in milliseconds. Default 5. Kafka property `linger.ms`. */
  readonly lingerMs?: number;
  /** A batch of this size is sent at once, in bytes before compression. Default 262144. Kafka property `batch.size`. */
  readonly batchBytes?: number;
  /** Unacknowledged bytes above which `send` refuses more. Default 32 MiB. Kafka property `buffer.memory`. */
  readonly maxBufferedBytes?: number;
  /** For a producer of its own. Default `none`. Kafka property `compression.type`. */
  readonly compression?: Compression;
}

/** What a record has besides key and value. */
export interface RecordOptions {
  /** Milliseconds since the epoch. Default: now. */
  readonly timestampMs?: number;
  readonly headers?: readonly RecordHeader[];
  /**
   * One of the topic's partitions. Default: by the key, as Kafka's own clients do; without key, one partition for a batch,
   * by chance. For one beyond those that are known the brokers are asked once more: the topic may have got it since.
   */
  readonly partition?: number;
}

/** The batches under construction of one topic. */
interface Lane {
  readonly topic: string;
  readonly partitionCount: number;
  /** By partition: only numbers below `partitionCount` may be used, since each linger walks all of it. */
  readonly open: (OpenBatch | undefined)[];
  /** The partition for records without key, until its batch is sent. */
  sticky: number;
}

interface ParkedRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly options: RecordOptions;
  readonly timestampMs: number;
  readonly sizeInBytes: number;
  readonly followed: Followed;
}

/** Who wants to know what becomes of a record: of its place, or of the batch that it goes into. */
interface Followed {
  readonly placed?: (place: Promise<RecordPlace>) => void;
  readonly batches?: Set<Promise<void>>;
}

const NOBODY: Followed = {};

/** Most that a record adds to a batch besides key, value and headers. */
const RECORD_OVERHEAD_BYTES = 40;
const DEFAULT_BATCH_BYTES = 256 * 1024;
const DEFAULT_BUFFER_BYTES = 32 * 1024 * 1024;

/**
 * Takes records one by one and sends them in batches: for applications that get their records one by one.
 *
 * Records are encoded straight into the batch of their partition. `send` keeps no promise for each; {@link flush} tells
 * whether all arrived.
 */
export class RecordProducer implements Lifecycle, TrackingProducer {
  readonly #producer: Producer;
  readonly #ownsProducer: boolean;
  readonly #cluster: Cluster;
  readonly #lingerMs: number;
  readonly #batchBytes: number;
  readonly #maxBufferedBytes: number;
  readonly #lanes = new Map<string, Lane>();
  readonly #parked = new Map<string, ParkedRecord[]>();
  readonly #lookups = new Set<Promise<void>>();
  readonly #spare: OpenBatch[] = [];
  #lookupFailure: Error | undefined;
  #openBytes = 0;
  #linger: Timer | undefined;

  /** @param target A started producer, or a started cluster for a producer of its own. */
  constructor(target: Producer | Cluster, options: RecordProducerOptions = {}) {
    this.#ownsProducer = target instanceof Cluster;
    this.#producer =
      target instanceof Cluster ? new Producer(target, { compression: options.compression ?? 'none' }) : target;
    this.#cluster = this.#producer.cluster;
    this.#lingerMs = options.lingerMs ?? 5;
    this.#batchBytes = Math.min(options.batchBytes ?? DEFAULT_BATCH_BYTES, this.#producer.maxRequestBytes);
    this.#maxBufferedBytes = options.maxBufferedBytes ?? DEFAULT_BUFFER_BYTES;
  }

  /** Bytes of records that are not yet acknowledged. */
  get bufferedBytes(): number {
    return this.#openBytes + this.#producer.bufferedBytes;
  }

  async start(): Promise<void> {
    if (this.#ownsProducer) await this.#producer.start();
  }

  /** Sends what is left and waits for it. @throws as {@link flush}. */
  async stop(): Promise<void> {
    try {
      await this.flush();
    } finally {
      if (this.#ownsProducer) await this.#producer.stop();
    }
  }

  /**
   * Adds a record to the batch of its partition; key and value are copied.
   *
   * @throws {TransientError} (retry) `MR_BROKER_RETRIABLE` with `retryAfterMs` when `maxBufferedBytes` are unacknowledged.
   * @throws {RecordError} (dead-letter) `MR_RECORD_TOO_LARGE` when the record alone exceeds the producer's `maxRequestBytes`;
   *   `MR_RECORD_REJECTED` when `timestampMs` is no whole number, or `partition` can be none of any topic. {@link flush} throws it where
   *   the topic has too few.
   */
  send(topic: string, key: Uint8Array | null, value: Uint8Array | null, options: RecordOptions = {}): void {
    void this.#add(topic, key, value, options);
  }

  /**
   * As {@link send}, but resolves when the record is in the log, and rejects when it never will be.
   *
   * @throws as {@link send} and {@link flush}.
   */
  async sendAndWait(
    topic: string,
    key: Uint8Array | null,
    value: Uint8Array | null,
    options: RecordOptions = {},
  ): Promise<RecordPlace> {
    let place: Promise<RecordPlace> | undefined;
    const parked = new Promise<Promise<RecordPlace>>((placed) => {
      place = this.#add(topic, key, value, options, { placed });
    });
    return place ?? (await parked);
  }

  /** Follows the records of one caller apart from those of others. */
  tracked(): TrackedRecords {
    return new TrackedRecords(this);
  }

  sendTracked(
    topic: string,
    key: Uint8Array | null,
    value: Uint8Array | null,
    options: RecordOptions,
    batches: Set<Promise<void>>,
  ): void {
    void this.#add(topic, key, value, options, { batches });
  }

  async sendNow(): Promise<void> {
    while (this.#lookups.size > 0) await Promise.all(this.#lookups);
    this.#sendOpen();
  }

  /** Sends everything now and waits for it. @throws the first failure since the last flush. */
  async flush(): Promise<void> {
    await this.sendNow();
    const failure = this.#lookupFailure;
    this.#lookupFailure = undefined;
    await this.#producer.flush();
    if (failure !== undefined) throw failure;
  }

  /** @returns the record's place when somebody waits for it and its topic is known. */
  #add(
    topic: string,
    key: Uint8Array | null,
    value: Uint8Array | null,
    options: RecordOptions,
    followed = NOBODY,
  ): Promise<RecordPlace> | undefined {
    const { partition } = options;
    if (partition !== undefined && !mayBePartition(partition)) throw noSuchPartition(topic, partition);
    const sizeInBytes = sizeOf(key, value, options.headers);
    if (sizeInBytes > this.#producer.maxRequestBytes)
      throw tooLarge(topic, sizeInBytes, this.#producer.maxRequestBytes);
    if (this.bufferedBytes + sizeInBytes > this.#maxBufferedBytes) throw this.#full();
    const timestampMs = options.timestampMs ?? this.#cluster.clock.nowMs();
    if (!Number.isSafeInteger(timestampMs)) throw noTimestamp(topic, timestampMs);
    const lane = this.#laneOf(topic);
    if (lane !== undefined && (partition === undefined || partition < lane.partitionCount)) {
      this.#unparkWhatFits(lane);
      return this.#append(lane, key, value, options, timestampMs, sizeInBytes, followed);
    }
    this.#park(topic, { key, value, options, timestampMs, sizeInBytes, followed });
    return undefined;
  }

  /** `options.partition` is one of the lane's, if given. */
  #append(
    lane: Lane,
    key: Uint8Array | null,
    value: Uint8Array | null,
    options: RecordOptions,
    timestampMs: number,
    sizeInBytes: number,
    { placed, batches }: Followed,
  ): Promise<RecordPlace> | undefined {
    const partition = options.partition ?? (key === null ? lane.sticky : partitionForKey(key, lane.partitionCount));
    let open = lane.open[partition];
    if (open !== undefined && open.builder.sizeInBytes + sizeInBytes > this.#batchBytes) {
      this.#close(lane, open);
      open = undefined;
    }
    if (open === undefined) {
      open = (this.#spare.pop() ?? new OpenBatch()).begin(lane.topic, partition);
      lane.open[partition] = open;
    }
    open.builder.append(timestampMs, key, value, options.headers);
    this.#openBytes += sizeInBytes;
    open.accountedBytes += sizeInBytes;
    const place = placed === undefined ? undefined : open.placeOfLast();
    batches?.add(open.outcome());
    if (open.builder.sizeInBytes >= this.#batchBytes) this.#close(lane, open);
    else this.#linger ??= this.#cluster.clock.setTimer(this.#lingerMs, () => this.#sendOpen());
    return place;
  }

  #close(lane: Lane, open: OpenBatch): void {
    lane.open[open.partition] = undefined;
    if (lane.sticky === open.partition) lane.sticky = nextInt(this.#cluster.random, lane.partitionCount);
    this.#openBytes -= open.accountedBytes;
    open.finish(this.#producer.send(open.topic, open.partition, open.builder));
    this.#spare.push(open);
  }

  #sendOpen(): void {
    this.#linger?.cancel();
    this.#linger = undefined;
    for (const lane of this.#lanes.values()) {
      for (const open of lane.open) if (open !== undefined) this.#close(lane, open);
    }
  }

  #laneOf(topic: string): Lane | undefined {
    const present = this.#lanes.get(topic);
    const partitionCount = this.#cluster.metadataCache.topic(topic)?.partitions.length ?? present?.partitionCount;
    if (partitionCount === undefined || partitionCount === 0) return undefined;
    if (present?.partitionCount === partitionCount) return present;
    const lane: Lane = {
      topic,
      partitionCount,
      open: present?.open ?? [],
      sticky: nextInt(this.#cluster.random, partitionCount),
    };
    this.#lanes.set(topic, lane);
    return lane;
  }

  /** Keeps records of a topic, or of partitions, that are not known yet, until the brokers have told. */
  #park(topic: string, record: ParkedRecord): void {
    this.#openBytes += record.sizeInBytes;
    const waiting = this.#parked.get(topic);
    if (waiting !== undefined) {
      waiting.push(record);
      return;
    }
    this.#parked.set(topic, [record]);
    const lookup = this.#lookUp(topic)
      .then(() => this.#unpark(topic))
      .catch((error: Error) => this.#dropParked(topic, () => error))
      .finally(() => this.#lookups.delete(lookup));
    this.#lookups.add(lookup);
  }

  async #lookUp(topic: string): Promise<void> {
    if (this.#laneOf(topic) === undefined) await this.#cluster.knownTopics([topic]);
    else await this.#cluster.refreshMetadata([topic]);
  }

  #unpark(topic: string): void {
    const lane = this.#laneOf(topic) as Lane;
    this.#unparkWhatFits(lane);
    this.#dropParked(topic, ({ partition = 0 }) => noSuchPartition(topic, partition, lane.partitionCount));
  }

  /** Appends the parked records whose partitions are known by now, before one that comes later. */
  #unparkWhatFits(lane: Lane): void {
    const parked = this.#parked.get(lane.topic);
    if (parked === undefined) return;
    const unknown: ParkedRecord[] = [];
    this.#parked.set(lane.topic, unknown);
    for (const record of parked) {
      const { key, value, options, timestampMs, sizeInBytes, followed } = record;
      if (options.partition !== undefined && options.partition >= lane.partitionCount) {
        unknown.push(record);
        continue;
      }
      this.#openBytes -= sizeInBytes;
      try {
        const place = this.#append(lane, key, value, options, timestampMs, sizeInBytes, followed);
        if (place !== undefined) followed.placed?.(place);
      } catch (error) {
        this.#drop(followed, error as Error);
      }
    }
  }

  #dropParked(topic: string, errorOf: (options: RecordOptions) => Error): void {
    for (const { options, sizeInBytes, followed } of this.#parked.get(topic) ?? []) {
      this.#openBytes -= sizeInBytes;
      this.#drop(followed, errorOf(options));
    }
    this.#parked.delete(topic);
  }

  #drop({ placed, batches }: Followed, error: Error): void {
    this.#lookupFailure ??= error;
    placed?.(Promise.reject(error));
    const lost = Promise.reject<void>(error);
    lost.catch(() => undefined);
    batches?.add(lost);
  }

  #full(): TransientError {
    const message = `${this.bufferedBytes} bytes wait for the brokers, the limit is ${this.#maxBufferedBytes}: send again later`;
    return new TransientError('MR_BROKER_RETRIABLE', message, { retryAfterMs: Math.max(this.#lingerMs, 50) });
  }
}

function sizeOf(
  key: Uint8Array | null,
  value: Uint8Array | null,
  headers: readonly RecordHeader[] | undefined,
): number {
  let size = RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
  if (headers !== undefined) {
    for (const header of headers) size += 10 + 3 * header.key.length + (header.value?.length ?? 0);
  }
  return size;
}

function tooLarge(topic: string, sizeInBytes: number, maxRequestBytes: number): RecordError {
  const message = `a record of ${sizeInBytes} bytes for '${topic}' exceeds maxRequestBytes (${maxRequestBytes})`;
  return new RecordError('MR_RECORD_TOO_LARGE', message, { place: { topic } });
}

function noTimestamp(topic: string, timestampMs: number): RecordError {
  const message = `a record for '${topic}' has the timestamp ${timestampMs}: give whole milliseconds since the epoch`;
  return new RecordError('MR_RECORD_REJECTED', message, { place: { topic } });
}
