import type { ProducerIdentity } from './producer-identity.js';

/** What a `BatchSender` asks its producer. */
export interface SenderPolicy {
  /** The identity for new batches. */
  identity(): ProducerIdentity;
  /** Another identity than `spoilt`, under which a partition may start again at sequence 0. */
  renewIdentity(spoilt: ProducerIdentity): Promise<ProducerIdentity>;
  /** Whether batches of the partition may be sent now; the policy calls `BatchSender.schedule` when that changes. */
  maySend(topic: string, partition: number): boolean;
  /** Whether brokers accept any sequence number from a producer that they do not know. */
  firstGoesAlone(): boolean;
  /** The highest version of Produce that fits the transaction version in use. */
  produceVersionCap(): number;
  /** A batch has failed for good. */
  failed(error: Error): void;
}
