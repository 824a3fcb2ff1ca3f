import { api, arrayOf, bool, int16, int32, int64, listOf, string } from '../schema/index.js';

/**
 * Reads committed offsets: of one group up to version 7, of many from 8 on. `topics` null asks for all.
 *
 * With `requireStable` (KIP-447) the broker answers UNSTABLE_OFFSET_COMMIT while a transaction that commits offsets is open.
 */
export const OffsetFetch = api({
  key: 9,
  name: 'OffsetFetch',
  versions: '1-9',
  flexibleFrom: 6,
  request: {
    groupId: string({ versions: '0-7' }),
    topics: arrayOf({ name: string(), partitionIndexes: listOf(int32()) }, { versions: '0-7', nullable: '2-7' }),
    groups: arrayOf(
      {
        groupId: string(),
        memberId: string({ versions: '9+', nullable: '9+', default: null, ignorable: true }),
        memberEpoch: int32({ versions: '9+', default: -1, ignorable: true }),
        topics: arrayOf({ name: string(), partitionIndexes: listOf(int32()) }, { nullable: '8+' }),
      },
      { versions: '8+' },
    ),
    requireStable: bool({ versions: '7+', default: false }),
  },
  response: {
    throttleTimeMs: int32({ versions: '3+', ignorable: true }),
    topics: arrayOf(
      {
        name: string(),
        partitions: arrayOf({
          partitionIndex: int32(),
          committedOffset: int64(),
          committedLeaderEpoch: int32({ versions: '5-7', default: -1, ignorable: true }),
          metadata: string({ nullable: '0-7' }),
          errorCode: int16(),
        }),
      },
      { versions: '0-7' },
    ),
    errorCode: int16({ versions: '2-7', default: 0, ignorable: true }),
    groups: arrayOf(
      {
        groupId: string(),
        topics: arrayOf({
          name: string(),
          partitions: arrayOf({
            partitionIndex: int32(),
            committedOffset: int64(),
            committedLeaderEpoch: int32({ default: -1 }),
            metadata: string({ nullable: '8+' }),
            errorCode: int16(),
          }),
        }),
        errorCode: int16({ default: 0 }),
      },
      { versions: '8+' },
    ),
  },
});
