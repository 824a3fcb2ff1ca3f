import type { AppHealth, PartitionLag } from '@millrace/runtime';
import type { LogLevel, MetricsSnapshot } from '@millrace/observability';

/** What a worker is started with. */
export interface WorkerSettings {
  /** URL of the file whose default export is the worker's module. */
  readonly moduleUrl: string;
  readonly index: number;
  readonly processId: string;
  readonly data: unknown;
  readonly service: string;
  readonly logLevel: LogLevel;
  /** Topologies that are paused when it starts. */
  readonly paused: readonly string[];
}

/** What runs in a worker and how it does. */
export interface WorkerStatus {
  readonly name: string;
  readonly health: AppHealth;
  readonly lag: readonly PartitionLag[];
  /** Names of the topologies; empty for a sink. */
  readonly topologies: readonly string[];
}

/** An error as it crosses threads: neither class nor cause survive. */
export interface WorkerErrorText {
  readonly text: string;
}

/** What the main thread can ask for. */
export type WorkerCall =
  | { readonly call: 'stop' }
  | { readonly call: 'metrics' }
  | { readonly call: 'pause'; readonly topology: string | undefined }
  | { readonly call: 'resume'; readonly topology: string | undefined };

/** A question with the number that its answer carries. */
export type WorkerRequest = WorkerCall & { readonly id: number };

/** What a worker says. */
export type WorkerMessage =
  | { readonly kind: 'ready'; readonly status: readonly WorkerStatus[] }
  | { readonly kind: 'status'; readonly status: readonly WorkerStatus[] }
  | { readonly kind: 'failed'; readonly error: WorkerErrorText }
  | {
      readonly kind: 'answer';
      readonly id: number;
      readonly metrics?: MetricsSnapshot;
      readonly error?: WorkerErrorText;
    };
