import { apis, errorName } from '@millrace/protocol';
import { batchOf, type WireClient } from '../wire-client.js';
import { fresh, settled } from './broker-under-test.js';

/** A transactional producer that is made of single requests. */
export class WireProducer {
  readonly #client: WireClient;
  readonly id = fresh('tx');
  producerId = -1;
  producerEpoch = -1;

  constructor(client: WireClient) {
    this.#client = client;
  }

  async init(options: { timeoutMs?: number; producerId?: number; producerEpoch?: number; version?: number } = {}) {
    const answer = await settled(
      () => this.#client.initProducerId(this.id, options),
      (each) => each.errorCode,
    );
    if (answer.errorCode === 0) this.#take(answer);
    return errorName(answer.errorCode);
  }

  async produce(
    topic: string,
    partition: number,
    baseSequence: number,
    options: { version?: number; epoch?: number; transactionalId?: string | null; value?: string } = {},
  ): Promise<string> {
    const { version = 12, epoch = this.producerEpoch, transactionalId = this.id, value = 'v' } = options;
    const { producerId } = this;
    const records = batchOf([value], { producerId, producerEpoch: epoch, baseSequence, isTransactional: true });
    const send = () => this.#client.produce(topic, partition, records, { version, transactionalId });
    return errorName((await settled(send, (each) => each.errorCode)).errorCode);
  }

  async end(
    committed: boolean,
    options: { version?: number; epoch?: number; producerId?: number } = {},
  ): Promise<string> {
    const { version = 5, epoch = this.producerEpoch, producerId = this.producerId } = options;
    const who = { producerId, producerEpoch: epoch };
    const answer = await settled(
      () => this.#client.endTxn(this.id, who, committed, version),
      (each) => each.errorCode,
    );
    if (answer.errorCode === 0 && version >= 5) this.#take(answer);
    return errorName(answer.errorCode);
  }

  async addPartitions(
    topic: string,
    partitions: number[],
    options: { version?: number; epoch?: number } = {},
  ): Promise<string[]> {
    const body = {
      v3AndBelowTransactionalId: this.id,
      v3AndBelowProducerId: this.producerId,
      v3AndBelowProducerEpoch: options.epoch ?? this.producerEpoch,
      v3AndBelowTopics: [{ name: topic, partitions }],
    };
    const add = () => this.#client.call(apis.AddPartitionsToTxn, options.version ?? 3, body);
    const answer = await settled(
      add,
      (each) => each.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode,
    );
    return answer.resultsByTopicV3AndBelow[0]!.resultsByPartition.map((each) => errorName(each.partitionErrorCode));
  }

  async commitOffset(
    groupId: string,
    topic: string,
    committedOffset: number,
    options: { version?: number; epoch?: number; generationId?: number; memberId?: string } = {},
  ): Promise<string> {
    const { version = 5, epoch = this.producerEpoch, ...member } = options;
    const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: '' }];
    const body = {
      transactionalId: this.id,
      groupId,
      producerId: this.producerId,
      producerEpoch: epoch,
      topics: [{ name: topic, partitions }],
    };
    const commit = () => this.#client.call(apis.TxnOffsetCommit, version, { ...body, ...member });
    return errorName(
      (await settled(commit, (each) => each.topics[0]!.partitions[0]!.errorCode)).topics[0]!.partitions[0]!.errorCode,
    );
  }

  #take({ producerId, producerEpoch }: { producerId: number; producerEpoch: number }): void {
    this.producerId = producerId;
    this.producerEpoch = producerEpoch;
  }
}
