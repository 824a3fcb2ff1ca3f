import { api, arrayOf, int16, int32, int64, listOf, string } from '../schema/index.js';

/**
 * Adds partitions to the open transaction of a broker with transaction version 1.
 *
 * Versions from 4 on are for brokers among themselves and are not declared.
 */
export const AddPartitionsToTxn = api({
  key: 24,
  name: 'AddPartitionsToTxn',
  versions: '0-3',
  flexibleFrom: 3,
  request: {
    v3AndBelowTransactionalId: string(),
    v3AndBelowProducerId: int64(),
    v3AndBelowProducerEpoch: int16(),
    v3AndBelowTopics: arrayOf({ name: string(), partitions: listOf(int32()) }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    resultsByTopicV3AndBelow: arrayOf({
      name: string(),
      resultsByPartition: arrayOf({ partitionIndex: int32(), partitionErrorCode: int16() }),
    }),
  },
});
