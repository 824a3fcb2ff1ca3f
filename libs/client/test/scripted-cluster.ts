import { streamPair, TransientError, type ByteStream, type Dialer } from '@millrace/kernel';
import {
  FrameDecoder,
  apis,
  decodeRequestFrame,
  encodeResponseFrame,
  type AnyApi,
  type Api,
  type RequestOf,
  type ResponseDraftOf,
} from '@millrace/protocol';

type Answer<Req, Res> = (request: Req, nodeId: number) => Res | Promise<Res>;

/** What scripted brokers tell of themselves. */
export interface ScriptedClusterOptions {
  readonly nodes: number;
  /** Each has one partition, which the first node leads and all have a copy of. */
  readonly topics?: readonly string[];
  /** Finalized features, such as `{ 'streams.version': 1 }`. Default: none. */
  readonly features?: Readonly<Record<string, number>>;
}

export const SCRIPTED_TOPIC_ID = 'a'.repeat(32);

/**
 * Brokers that answer as a script says, over in-memory connections: for what a real cluster does too seldom to be waited for. They serve
 * what {@link on} was told of, and metadata of a healthy cluster.
 */
export class ScriptedCluster implements Dialer {
  /** Node ids that metadata tell. */
  members: number[];
  readonly #options: ScriptedClusterOptions;
  readonly #answers = new Map<AnyApi, Answer<unknown, object>>();
  /** Brokers that cannot be reached; their connections end. */
  readonly #down = new Set<number>();
  /** Brokers that are reached and do not answer. */
  readonly #silent = new Set<number>();
  /** Hosts of nodes that have moved. */
  readonly #hosts = new Map<number, string>();
  readonly #open = new Map<ByteStream, number>();

  constructor(options: ScriptedClusterOptions) {
    this.#options = options;
    this.members = this.#nodeIds();
    const supported = (): AnyApi[] => [...this.#answers.keys()];
    this.on(apis.ApiVersions, () => ({
      errorCode: 0,
      apiKeys: supported().map(({ key, minVersion, maxVersion }) => ({ apiKey: key, minVersion, maxVersion })),
      finalizedFeatures: Object.entries(options.features ?? {}).map(([name, level]) => ({
        ...{ name, maxVersionLevel: level, minVersionLevel: level },
      })),
    }));
    this.on(apis.Metadata, () => this.#metadata());
  }

  /** How an API is answered, by each node. A promise keeps the answer back. */
  on<A extends AnyApi>(api: A, answer: Answer<RequestOf<A>, ResponseDraftOf<A>>): this {
    this.#answers.set(api, answer as Answer<unknown, object>);
    return this;
  }

  dial(host: string): Promise<ByteStream> {
    const nodeId = this.#nodeIds().find((each) => this.hostOf(each) === host);
    if (nodeId === undefined || this.#down.has(nodeId)) {
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

  /** Where a node listens, as metadata tell. */
  hostOf(nodeId: number): string {
    return this.#hosts.get(nodeId) ?? `broker-${nodeId}`;
  }

  /** Ends the connections of a node, which listens at another host from now on. */
  moveTo(nodeId: number, host: string): void {
    this.#hosts.set(nodeId, host);
    this.cut(nodeId);
  }

  /** Ends the connections of a node, and accepts no other. */
  takeDown(nodeId: number): void {
    this.#down.add(nodeId);
    this.cut(nodeId);
  }

  /** Ends the connections of a node, whatever was asked on them. */
  cut(nodeId: number): void {
    for (const [stream, each] of this.#open) if (each === nodeId) stream.destroy(new Error('taken down'));
  }

  /** Answers nothing any more in the name of a node, whose connections stay open: a process that was halted. */
  silence(nodeId: number): void {
    this.#silent.add(nodeId);
  }

  #answer(nodeId: number, stream: ByteStream, frame: Buffer): void {
    if (this.#silent.has(nodeId)) return;
    const { header, api, body } = decodeRequestFrame(frame);
    const answer = api === undefined ? undefined : this.#answers.get(api);
    if (api === undefined || answer === undefined) throw new Error(`nothing says how API ${header.apiKey} is answered`);
    const send = (response: object): void => {
      const known = api as Api<unknown, unknown, never, object>;
      stream.write(encodeResponseFrame(known, header.apiVersion, header.correlationId, response));
    };
    const response = answer(api.decodeRequest(body, header.apiVersion), nodeId);
    if (response instanceof Promise) void response.then(send);
    else send(response);
  }

  #nodeIds(): number[] {
    return Array.from({ length: this.#options.nodes }, (_, index) => index + 1);
  }

  #metadata(): ResponseDraftOf<typeof apis.Metadata> {
    const replicas = this.#nodeIds();
    const partition = { errorCode: 0, partitionIndex: 0, leaderId: 1, leaderEpoch: 0, offlineReplicas: [] };
    return {
      brokers: this.members.map((nodeId) => ({ nodeId, host: this.hostOf(nodeId), port: 9092, rack: null })),
      topics: (this.#options.topics ?? []).map((name) => ({
        ...{ errorCode: 0, name, topicId: SCRIPTED_TOPIC_ID },
        partitions: [{ ...partition, replicaNodes: replicas, isrNodes: replicas }],
      })),
    };
  }
}
