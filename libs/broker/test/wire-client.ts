import { connect } from 'node:net';
import type { ByteStream } from '@millrace/kernel';
import {
  apis,
  decodeResponseFrame,
  encodeRequestFrame,
  FrameDecoder,
  peekCorrelationId,
  RecordBatchBuilder,
  type Api,
  type BuildOptions,
  type RequestDraftOf,
} from '@millrace/protocol';
import { SocketStream } from '../src/connection/socket-stream.js';
import type { EmbeddedBroker } from '../src/index.js';

/** A connection that speaks single requests of exact versions: for specs that look at the protocol itself. */
export class WireClient {
  readonly #stream: ByteStream;
  readonly #frames = new FrameDecoder();
  readonly #waiting = new Map<number, { resolve: (frame: Buffer) => void; reject: (error: Error) => void }>();
  #correlationId = 0;
  /** Resolves when the broker has closed the connection. */
  readonly closed: Promise<void>;

  constructor(stream: ByteStream) {
    this.#stream = stream;
    this.closed = new Promise((resolve) => {
      stream.onClose(() => {
        for (const { reject } of this.#waiting.values()) reject(new Error('the broker closed the connection'));
        resolve();
      });
    });
    stream.onData((chunk) => {
      this.#frames.push(chunk);
      for (let frame = this.#frames.next(); frame !== null; frame = this.#frames.next()) {
        const id = peekCorrelationId(frame);
        this.#waiting.get(id)?.resolve(frame);
        this.#waiting.delete(id);
      }
    });
  }

  static async to(broker: EmbeddedBroker): Promise<WireClient> {
    return new WireClient(await broker.dialer().dial('memory', 0, { timeoutMs: 0 }));
  }

  static overTcp(host: string, port: number): Promise<WireClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, host, () => resolve(new WireClient(new SocketStream(socket))));
      socket.once('error', reject);
    });
  }

  /** Sends a request and waits for its answer. Rejects when the connection ends first. */
  async call<Res, Draft>(api: Api<unknown, Res, Draft, never>, version: number, body: Draft): Promise<Res> {
    const id = this.#correlationId++;
    const answered = new Promise<Buffer>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#stream.write(encodeRequestFrame(api, version, id, 'spec', body));
    return decodeResponseFrame(api, version, await answered).body;
  }

  /** Sends a Produce request with `acks=0`, which has no answer. */
  produceWithoutAnswer(body: RequestDraftOf<typeof apis.Produce>): void {
    this.#stream.write(encodeRequestFrame(apis.Produce, 11, this.#correlationId++, 'spec', body));
  }

  sendRaw(...chunks: Buffer[]): void {
    this.#stream.write(chunks);
  }

  close(): void {
    this.#stream.destroy();
  }

  async createTopic(name: string, numPartitions = 1, configs: Record<string, string> = {}): Promise<number> {
    const { topics } = await this.call(apis.CreateTopics, 7, {
      topics: [
        {
          name,
          numPartitions,
          replicationFactor: -1,
          assignments: [],
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
        },
      ],
    });
    return topics[0]!.errorCode;
  }

  /** Produces one batch and returns the partition's part of the answer. */
  async produce(
    topic: string,
    partition: number,
    records: Buffer,
    options: { version?: number; transactionalId?: string | null; acks?: number } = {},
  ) {
    const { version = 11, transactionalId = null, acks = -1 } = options;
    const answer = await this.call(apis.Produce, version, {
      transactionalId,
      acks,
      timeoutMs: 5000,
      topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
    });
    return answer.responses[0]!.partitionResponses[0]!;
  }

  /** Fetches one partition by name and returns its part of the answer. */
  async fetch(
    topic: string,
    partition: number,
    fetchOffset: number,
    options: {
      committed?: boolean;
      maxWaitMs?: number;
      minBytes?: number;
      maxBytes?: number;
      partitionMaxBytes?: number;
    } = {},
  ) {
    const { committed = false, maxWaitMs = 0, minBytes = 1, maxBytes = 1e6, partitionMaxBytes = 1e6 } = options;
    const answer = await this.call(apis.Fetch, 12, {
      maxWaitMs,
      minBytes,
      maxBytes,
      isolationLevel: committed ? 1 : 0,
      topics: [{ topic, partitions: [{ partition, fetchOffset, partitionMaxBytes }] }],
      forgottenTopicsData: [],
    });
    return answer.responses[0]!.partitions[0]!;
  }

  async initProducerId(
    transactionalId: string | null,
    options: { timeoutMs?: number; producerId?: number; producerEpoch?: number; version?: number } = {},
  ) {
    const { timeoutMs = 60_000, producerId = -1, producerEpoch = -1, version = 5 } = options;
    const body = { transactionalId, transactionTimeoutMs: timeoutMs, producerId, producerEpoch };
    return this.call(apis.InitProducerId, version, body);
  }

  async endTxn(
    transactionalId: string,
    producer: { producerId: number; producerEpoch: number },
    committed: boolean,
    version = 5,
  ) {
    const { producerId, producerEpoch } = producer;
    return this.call(apis.EndTxn, version, { transactionalId, producerId, producerEpoch, committed });
  }
}

/** A batch with one record for each value. */
export function batchOf(
  values: readonly string[],
  options: BuildOptions = {},
  timestampMs = 1_700_000_000_000,
): Buffer {
  const builder = new RecordBatchBuilder();
  values.forEach((value, index) =>
    builder.append(timestampMs + index, Buffer.from(`key-${index}`), Buffer.from(value)),
  );
  return builder.build(options);
}
