import { LatencyHistogram } from '@millrace/kernel';
import { runtimeChannels } from '@millrace/runtime';
import { topics } from '@millrace/schemas';

/** Gathers what only the running apps can tell, from the moment it is made until it is closed. */
export class RunFigures {
  readonly #latency = new LatencyHistogram();
  readonly #unsubscribe: readonly (() => void)[];
  #late = 0;

  constructor() {
    this.#unsubscribe = [
      runtimeChannels.dropped.subscribe(({ late }) => void (this.#late += late)),
      runtimeChannels.sinkWritten.subscribe(({ topic, latency }) => {
        if (topic === topics.enriched.name) this.#latency.merge(latency);
      }),
    ];
  }

  /** Records that were dropped because their window had closed. */
  get late(): number {
    return this.#late;
  }

  /** From ingest to being seen, committed, by the reader of `flights.enriched`, in whole milliseconds; 0 when there were none. */
  latencyMs(): { readonly p50: number; readonly p95: number; readonly p99: number } {
    const { p50Ms, p95Ms, p99Ms } = this.#latency.summary();
    return { p50: Math.round(p50Ms), p95: Math.round(p95Ms), p99: Math.round(p99Ms) };
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }
}
