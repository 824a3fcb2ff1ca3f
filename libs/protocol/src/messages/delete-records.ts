import { api, arrayOf, int16, int32, int64, string } from '../schema/index.js';

/** Deletes the records of partitions before an offset, -1 for all: moves where each log begins (KIP-107). */
export const DeleteRecords = api({
  key: 21,
  name: 'DeleteRecords',
  versions: '0-2',
  flexibleFrom: 2,
  request: {
    topics: arrayOf({
      name: string(),
      partitions: arrayOf({ partitionIndex: int32(), offset: int64() }),
    }),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    topics: arrayOf({
      name: string(),
      partitions: arrayOf({ partitionIndex: int32(), lowWatermark: int64(), errorCode: int16() }),
    }),
  },
});
