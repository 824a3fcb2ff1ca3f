import type { Histogram, MetricObjectWithValues, MetricValueWithName, Registry } from 'prom-client';
import { LATENCY_BOUNDS_MS, LatencyHistogram, type LatencyCounts } from '@millrace/kernel';

/** One bound of Prometheus for each doubling: 1 ms, 2 ms, 4 ms … 35 min. */
const EVERY = 8;

type Labels = Readonly<Record<string, string>>;

interface Series {
  readonly labels: Labels;
  readonly latencies: LatencyHistogram;
}

/**
 * A Prometheus histogram of latencies that arrive counted already, a batch of them in one event: prom-client's own histogram
 * can only be told of one at a time. Its bounds are some of {@link LATENCY_BOUNDS_MS}, so nothing is estimated.
 */
export class LatencyMetric {
  readonly name: string;
  readonly help: string;
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly #series = new Map<string, Series>();

  constructor(name: string, help: string, registry: Registry) {
    this.name = name;
    this.help = help;
    // A registry asks its metrics for `name` and `get()` only; its type wants a class of prom-client.
    registry.registerMetric(this as unknown as Histogram);
  }

  add(labels: Labels, counts: LatencyCounts): void {
    const key = JSON.stringify(labels);
    let series = this.#series.get(key);
    if (series === undefined) this.#series.set(key, (series = { labels, latencies: new LatencyHistogram() }));
    series.latencies.merge(counts);
  }

  /** What a registry writes out. */
  async get(): Promise<
    Omit<MetricObjectWithValues<MetricValueWithName<string>>, 'type' | 'collect'> & { type: string }
  > {
    return {
      name: this.name,
      help: this.help,
      type: this.type,
      aggregator: this.aggregator,
      values: [...this.#series.values()].flatMap((series) => this.#values(series)),
    };
  }

  #values({ labels, latencies }: Series): MetricValueWithName<string>[] {
    const values: MetricValueWithName<string>[] = [];
    let seen = 0;
    for (let bucket = 0; bucket < LATENCY_BOUNDS_MS.length; bucket++) {
      seen += latencies.bucketCounts[bucket] as number;
      if (bucket % EVERY !== 0) continue;
      const le = String((LATENCY_BOUNDS_MS[bucket] as number) / 1_000);
      values.push({ metricName: `${this.name}_bucket`, labels: { ...labels, le }, value: seen });
    }
    values.push(
      { metricName: `${this.name}_bucket`, labels: { ...labels, le: '+Inf' }, value: latencies.count },
      { metricName: `${this.name}_sum`, labels, value: latencies.sumMs / 1_000 },
      { metricName: `${this.name}_count`, labels, value: latencies.count },
    );
    return values;
  }
}
