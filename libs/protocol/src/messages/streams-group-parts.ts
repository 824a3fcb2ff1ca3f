/** What the messages of streams groups have in common (KIP-1071). */
import { arrayOf, int16, int32, int64, listOf, string, uint16 } from '../schema/index.js';

export const keyValue = { key: string(), value: string() };

export const topicInfo = {
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: arrayOf(keyValue),
};

export const endpoint = { host: string(), port: uint16() };

export const taskIds = { subtopologyId: string(), partitions: listOf(int32()) };

export const taskOffset = { subtopologyId: string(), partition: int32(), offset: int64() };
