import { diagnosticsChannel } from '@millrace/kernel';

/** A batch is committed, with its offset. */
export interface BatchCommittedEvent {
  readonly sink: string;
  readonly topic: string;
  readonly partition: number;
  /** Rows upserted and deleted: one a key, however often the batch changes it. */
  readonly rows: number;
  readonly durationMs: number;
}

/** A COMMIT whose answer was lost turned out to have been done. */
export interface CommitResolvedEvent {
  readonly sink: string;
  readonly topic: string;
  readonly partition: number;
}

/** The embedded database answers, or is gone although nobody stopped it. */
export interface EmbeddedPostgresEvent {
  readonly state: 'started' | 'died';
  readonly startMs?: number;
  readonly error?: unknown;
}

/** What this library tells. */
export const postgresChannels = {
  batchCommitted: diagnosticsChannel<BatchCommittedEvent>('postgres.batch-committed'),
  commitResolved: diagnosticsChannel<CommitResolvedEvent>('postgres.commit-resolved'),
  /** An idle connection of a pool broke; the pool opens another one when needed. */
  connectionLost: diagnosticsChannel<{ readonly error: unknown }>('postgres.connection-lost'),
  embedded: diagnosticsChannel<EmbeddedPostgresEvent>('postgres.embedded'),
};
