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

/** A tile that was old enough could not be archived, or what was left of uploads not be removed; it is tried again. */
export interface ArchiveFailedEvent {
  readonly topic: string;
  readonly partition: number;
  readonly error: unknown;
}

/** An upload in parts has failed, and its parts could not be removed: they take up space until the partition is opened anew. */
export interface UploadLeftEvent {
  readonly key: string;
  readonly error: unknown;
}

/** What interrupted uploads of a former owner had left was removed. */
export interface UploadsDiscardedEvent {
  readonly topic: string;
  readonly partition: number;
  readonly uploads: number;
}

/** What this library tells. */
export const archiveChannels = {
  objectArchived: diagnosticsChannel<ObjectArchivedEvent>('archive.object-archived'),
  failed: diagnosticsChannel<ArchiveFailedEvent>('archive.failed'),
  uploadLeft: diagnosticsChannel<UploadLeftEvent>('archive.upload-left'),
  uploadsDiscarded: diagnosticsChannel<UploadsDiscardedEvent>('archive.uploads-discarded'),
};
