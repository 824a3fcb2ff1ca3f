import type { ByteStream, Dialer } from '@millrace/kernel';
import { RecordBatchBuilder, apis, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import { SCRIPTED_TOPIC_ID, ScriptedCluster } from './scripted-cluster.js';

type FetchRequest = RequestOf<typeof apis.Fetch>;
type PartitionDraft = ResponseDraftOf<typeof apis.Fetch>['responses'][number]['partitions'][number];

/** What a broker says to a fetch of the one partition: fields that are left out have sensible values. */
export type FetchScript = (fetchOffset: number, request: FetchRequest) => Partial<PartitionDraft>;

/** Brokers of which each answers fetches of `orders-0` by a script. The first is the leader. */
export class ScriptedBrokers implements Dialer {
  /** Node ids of the brokers that were asked to fetch, in order. */
  readonly fetched: number[] = [];
  /** Racks that fetches have told, in order. */
  readonly racks: string[] = [];
  readonly #scripts: readonly FetchScript[];
  readonly #cluster: ScriptedCluster;

  constructor(...scripts: readonly FetchScript[]) {
    this.#scripts = scripts;
    this.#cluster = new ScriptedCluster({ nodes: scripts.length, topics: ['orders'] });
    this.#cluster.on(apis.Fetch, async (request, nodeId) => {
      const answer = this.#fetch(nodeId, request);
      // A script never waits for more: without a turn between them, one fetch would follow the other for ever.
      await new Promise((resolve) => setImmediate(resolve));
      return answer;
    });
  }

  /** A batch of one record at an offset. */
  static recordAt(offset: number): Buffer {
    const builder = new RecordBatchBuilder();
    builder.append(1_000, null, Buffer.from(`at ${offset}`));
    return Buffer.from(builder.build({ baseOffset: offset }));
  }

  /** Node ids that metadata tell. */
  set members(nodeIds: number[]) {
    this.#cluster.members = nodeIds;
  }

  dial(host: string): Promise<ByteStream> {
    return this.#cluster.dial(host);
  }

  takeDown(nodeId: number): void {
    this.#cluster.takeDown(nodeId);
  }

  #fetch(nodeId: number, request: FetchRequest): ResponseDraftOf<typeof apis.Fetch> {
    this.fetched.push(nodeId);
    this.racks.push(request.rackId);
    const { fetchOffset = 0 } = request.topics[0]?.partitions[0] ?? {};
    const script = this.#scripts[nodeId - 1] as FetchScript;
    const partition = { partitionIndex: 0, errorCode: 0, highWatermark: 100, abortedTransactions: null, records: null };
    const answered = { ...partition, lastStableOffset: 100, ...script(fetchOffset, request) };
    return { responses: [{ topicId: SCRIPTED_TOPIC_ID, partitions: [answered] }] };
  }
}
