/** What {@link EmbeddedPostgres} gives its worker thread. */
export interface WorkerSettings {
  /** Folder of the database; undefined: in memory. */
  readonly dataDir: string | undefined;
  /** 0: any free one. */
  readonly port: number;
  readonly checkpointIntervalMs: number;
}

/** What the worker thread tells; any message to it means: stop. */
export type WorkerReport =
  { readonly kind: 'listening'; readonly port: number } | { readonly kind: 'failed'; readonly message: string };
