export { EmbeddedBroker } from './embedded-broker.js';
export { MemoryDisk } from './storage/memory-disk.js';
export type { Disk, DiskFile, DiskLock } from './storage/disk.js';
export type { Address, EmbeddedBrokerOptions } from './broker-options.js';
export {
  brokerChannels,
  type ConnectionEvent,
  type GroupStateEvent,
  type RequestRefusedEvent,
  type StorageFailedEvent,
  type TornTailTruncatedEvent,
  type TransactionResumedEvent,
  type TransactionStateEvent,
} from './diagnostics/channels.js';
