import { diagnosticsChannel } from '@millrace/kernel';

/** A tile is archived: its object and its manifest entry are in the store. */
export interface ObjectArchivedEvent {
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly records: number;
  readonly bytes: number;
  readonly durationMs: number;
  /** The object was there already: an earlier run wrote it and ended before its manifest entry. */
  readonly wasThere: boolean;
}

/** A tile that was old enough could not be archived; it is tried again. */
export interface ArchiveFailedEvent {
  readonly topic: string;
  readonly partition: number;
  readonly error: unknown;
}

/** What this library tells. */
export const archiveChannels = {
  objectArchived: diagnosticsChannel<ObjectArchivedEvent>('archive.object-archived'),
  failed: diagnosticsChannel<ArchiveFailedEvent>('archive.failed'),
};
