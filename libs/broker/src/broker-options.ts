import { SystemClock, SystemRandom, type Clock, type Random } from '@millrace/kernel';
import { FILE_SYSTEM, type Disk } from './storage/disk.js';

/** Where clients are told to connect to. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Settings of an {@link EmbeddedBroker}. */
export interface EmbeddedBrokerOptions {
  /** The folder for everything that must survive a restart; created when missing. Absent: all in memory, lost on stop. */
  readonly stateDir?: string;
  /** What {@link stateDir} is on. Default: the file system of this machine. */
  readonly disk?: Disk;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** Default: the machine's randomness. */
  readonly random?: Random;
  /** The broker's id (Kafka: `node.id`). Default 1. */
  readonly nodeId?: number;
  /**
   * What Metadata tells clients to connect to (Kafka: `advertised.listeners`). Default: the TCP listener's address, else
   * `memory:0`.
   */
  readonly advertised?: Address;
  /** Whether asking for a topic that does not exist creates it (Kafka: `auto.create.topics.enable`). Default false. */
  readonly autoCreateTopics?: boolean;
  /** Partitions of a topic that is created without saying how many (Kafka: `num.partitions`). Default 1. */
  readonly defaultPartitions?: number;
  /** The largest record batch, in bytes, unless the topic says otherwise (Kafka: `message.max.bytes`). Default 1048588. */
  readonly maxMessageBytes?: number;
  /** The finalized feature `transaction.version`: 2 is KIP-890, 1 is what came before. Default 2. */
  readonly transactionVersion?: 1 | 2;
  /**
   * How long the first rebalance of an empty group waits for more members, in milliseconds
   * (Kafka: `group.initial.rebalance.delay.ms`, 3000 there). Default 0.
   */
  readonly groupInitialRebalanceDelayMs?: number;
  /** The largest request, in bytes (Kafka: `socket.request.max.bytes`). Default 100 MiB. */
  readonly maxRequestBytes?: number;
  /** How many bytes a connection may send ahead of the request that is being served. Default 1 MiB. */
  readonly maxBufferedBytes?: number;
  /** How many bytes of the newest batches are kept in memory for readers that keep up. Default 64 MiB. */
  readonly maxCachedBytes?: number;
  /**
   * `never`: what was acknowledged survives a kill of the process, because the operating system has it. `commit`:
   * also forces a transaction's data and its decision to the disk before the commit is acknowledged. Default `never`.
   */
  readonly fsync?: 'never' | 'commit';
}

/** All settings, with defaults filled in. */
export type ResolvedOptions = Required<Omit<EmbeddedBrokerOptions, 'stateDir' | 'advertised'>> &
  Pick<EmbeddedBrokerOptions, 'stateDir' | 'advertised'>;

export function resolveOptions(options: EmbeddedBrokerOptions): ResolvedOptions {
  return {
    disk: FILE_SYSTEM,
    clock: new SystemClock(),
    random: new SystemRandom(),
    nodeId: 1,
    autoCreateTopics: false,
    defaultPartitions: 1,
    maxMessageBytes: 1_048_588,
    transactionVersion: 2,
    groupInitialRebalanceDelayMs: 0,
    maxRequestBytes: 100 * 1024 * 1024,
    maxBufferedBytes: 1024 * 1024,
    maxCachedBytes: 64 * 1024 * 1024,
    fsync: 'never',
    ...options,
  };
}
