import { streamPair, TransientError, type ByteStream, type Dialer } from '@millrace/kernel';
import {
  FrameDecoder,
  RecordBatchBuilder,
  apis,
  decodeRequestFrame,
  encodeResponseFrame,
  type RequestOf,
  type ResponseDraftOf,
} from '@millrace/protocol';

type FetchRequest = RequestOf<typeof apis.Fetch>;
type PartitionDraft = ResponseDraftOf<typeof apis.Fetch>['responses'][number]['partitions'][number];

/** What a broker says to a fetch of the one partition: fields that are left out have sensible values. */
export type FetchScript = (fetchOffset: number, request: FetchRequest) => Partial<PartitionDraft>;

const TOPIC_ID = 'a'.repeat(32);

/**
 * Brokers of which each answers fetches of `orders-0` by a script, over in-memory connections: for what a real cluster does too
 * seldom to be waited for. The first is the leader. Everything else is that of a healthy cluster.
 */
export class ScriptedBrokers implements Dialer {
  /** Node ids of the brokers that were asked to fetch, in order. */
  readonly fetched: number[] = [];
  /** Racks that fetches have told, in order. */
  readonly racks: string[] = [];
  /** Brokers that cannot be reached; their connections end. */
  readonly #down = new Set<number>();
  readonly #open = new Map<ByteStream, number>();
  readonly #scripts: readonly FetchScript[];
  /** Node ids that metadata tell. */
  members: number[];

  constructor(...scripts: readonly FetchScript[]) {
    this.#scripts = scripts;
    this.members = scripts.map((_, index) => index + 1);
  }

  /** A batch of one record at an offset. */
  static recordAt(offset: number): Buffer {
    const builder = new RecordBatchBuilder();
    builder.append(1_000, null, Buffer.from(`at ${offset}`));
    return Buffer.from(builder.build({ baseOffset: offset }));
  }

  dial(host: string): Promise<ByteStream> {
    const nodeId = Number(host.replace('broker-', ''));
    if (this.#down.has(nodeId)) {
      return Promise.reject(new TransientError('MR_NETWORK_DISCONNECTED', `${host} is down`));
    }
    const [near, far] = streamPair();
    const frames = new FrameDecoder();
    far.onData((chunk) => {
      frames.push(chunk);
      for (let frame = frames.next(); frame !== null; frame = frames.next()) this.#answer(nodeId, far, frame);
    });
    this.#open.set(far, nodeId);
    return Promise.resolve(near);
  }

  takeDown(nodeId: number): void {
    this.#down.add(nodeId);
    for (const [stream, each] of this.#open) if (each === nodeId) stream.destroy(new Error('taken down'));
  }

  #answer(nodeId: number, stream: ByteStream, frame: Buffer): void {
    const { header, api, body } = decodeRequestFrame(frame);
    const { apiVersion, correlationId } = header;
    if (api === apis.ApiVersions) {
      const known = [apis.ApiVersions, apis.Metadata, apis.Fetch].map(({ key, minVersion, maxVersion }) => ({
        ...{ apiKey: key, minVersion, maxVersion },
      }));
      stream.write(encodeResponseFrame(apis.ApiVersions, apiVersion, correlationId, { errorCode: 0, apiKeys: known }));
    } else if (api === apis.Metadata) {
      stream.write(encodeResponseFrame(apis.Metadata, apiVersion, correlationId, this.#metadata()));
    } else {
      const request = apis.Fetch.decodeRequest(body, apiVersion);
      const answer = encodeResponseFrame(apis.Fetch, apiVersion, correlationId, this.#fetch(nodeId, request));
      // A script never waits for more: without a turn between them, one fetch would follow the other for ever.
      setImmediate(() => stream.write(answer));
    }
  }

  #metadata(): ResponseDraftOf<typeof apis.Metadata> {
    const replicas = this.#scripts.map((_, index) => index + 1);
    const partition = { errorCode: 0, partitionIndex: 0, leaderId: 1, leaderEpoch: 0, offlineReplicas: [] };
    return {
      brokers: this.members.map((nodeId) => ({ nodeId, host: `broker-${nodeId}`, port: 9092, rack: null })),
      topics: [
        {
          ...{ errorCode: 0, name: 'orders', topicId: TOPIC_ID },
          partitions: [{ ...partition, replicaNodes: replicas, isrNodes: replicas }],
        },
      ],
    };
  }

  #fetch(nodeId: number, request: FetchRequest): ResponseDraftOf<typeof apis.Fetch> {
    this.fetched.push(nodeId);
    this.racks.push(request.rackId);
    const { fetchOffset = 0 } = request.topics[0]?.partitions[0] ?? {};
    const script = this.#scripts[nodeId - 1] as FetchScript;
    const partition = { partitionIndex: 0, errorCode: 0, highWatermark: 100, abortedTransactions: null, records: null };
    const answered = { ...partition, lastStableOffset: 100, ...script(fetchOffset, request) };
    return { responses: [{ topicId: TOPIC_ID, partitions: [answered] }] };
  }
}
