import type { Serde, Topic } from '@millrace/streams';
import { deadLetterTopic } from './dead-letter-topic.js';
import type { Contract, TopicCreation } from '../contract/contract.js';

const originalBytes: Serde<Buffer> = {
  name: 'original-bytes',
  serialize: (bytes) => bytes,
  deserialize: (buffer, start, end) => buffer.subarray(start, end),
};

/** A dead-letter topic: the original bytes of key and value, whatever they are; the reason is in the headers. */
export interface DeadLetterContract extends Topic<Buffer, Buffer> {
  readonly name: string;
  readonly creation: TopicCreation;
}

/** The dead-letter topic of a contract's topic; as many partitions as that, so that a record keeps its partition number. */
export function deadLettersOf({
  name,
  creation,
}: Pick<Contract<unknown, unknown>, 'name' | 'creation'>): DeadLetterContract {
  return {
    name: deadLetterTopic(name),
    key: originalBytes,
    value: originalBytes,
    // Event times can be old; dead letters stay until someone has looked at them.
    creation: { partitions: creation.partitions, configs: { 'cleanup.policy': 'delete', 'retention.ms': '-1' } },
  };
}
