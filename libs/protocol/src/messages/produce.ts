import { api, arrayOf, int16, int32, int64, records, string, struct } from '../schema/index.js';

/**
 * Appends record batches; `records` holds exactly one batch a partition.
 *
 * Version 12 is the first in which the broker adds the partition to the open transaction by itself (KIP-890, transaction
 * version 2); a client uses at most 11 inside a transaction of an older broker. Versions from 13 on, which name topics by
 * id, are not declared.
 */
export const Produce = api({
  key: 0,
  name: 'Produce',
  versions: '3-12',
  flexibleFrom: 9,
  request: {
    transactionalId: string({ nullable: '3+', default: null }),
    acks: int16(),
    timeoutMs: int32(),
    topicData: arrayOf({
      name: string(),
      partitionData: arrayOf({ index: int32(), records: records() }),
    }),
  },
  response: {
    responses: arrayOf({
      name: string(),
      partitionResponses: arrayOf({
        index: int32(),
        errorCode: int16(),
        baseOffset: int64(),
        logAppendTimeMs: int64({ default: -1 }),
        logStartOffset: int64({ versions: '5+', default: -1, ignorable: true }),
        recordErrors: arrayOf(
          { batchIndex: int32(), batchIndexErrorMessage: string({ nullable: '8+', default: null }) },
          { versions: '8+', ignorable: true },
        ),
        errorMessage: string({ versions: '8+', nullable: '8+', default: null, ignorable: true }),
        currentLeader: struct(
          { leaderId: int32({ default: -1 }), leaderEpoch: int32({ default: -1 }) },
          { versions: '10+', tag: 0 },
        ),
      }),
    }),
    throttleTimeMs: int32({ default: 0 }),
    nodeEndpoints: arrayOf(
      { nodeId: int32(), host: string(), port: int32(), rack: string({ nullable: '10+', default: null }) },
      { versions: '10+', tag: 0 },
    ),
  },
});
