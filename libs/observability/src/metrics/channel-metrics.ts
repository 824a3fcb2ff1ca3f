import { diagnosticsChannel, type Lifecycle } from '@millrace/kernel';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { LatencyMetric } from '../latency/latency-metric.js';
import { brokerMetrics } from './broker-metrics.js';
import { cacheMetrics } from './cache-metrics.js';
import { clientMetrics } from './client-metrics.js';
import type { LabelsOf, MetricRule } from './metric-rule.js';
import { resilienceMetrics } from './resilience-metrics.js';
import { runtimeMetrics } from './runtime-metrics.js';

/** All rules: which channel feeds which metric. The README has them as a table. */
export const METRIC_RULES: readonly MetricRule[] = [
  ...runtimeMetrics,
  ...clientMetrics,
  ...brokerMetrics,
  ...resilienceMetrics,
  ...cacheMetrics,
];

/** Name of the metric that counts events which could not be counted. */
export const IGNORED_EVENTS = 'millrace_metrics_ignored_events_total';

type Labels = Readonly<Record<string, string>>;

/** Turns the events of diagnostics channels into metrics of a registry, from `start` to `stop`. */
export class ChannelMetrics implements Lifecycle {
  readonly #takers: readonly { readonly channel: string; readonly take: (event: unknown) => void }[];
  readonly #ignored: Counter;
  #unsubscribe: (() => void)[] = [];

  constructor(registry: Registry, rules: readonly MetricRule[] = METRIC_RULES) {
    this.#ignored = new Counter({
      name: IGNORED_EVENTS,
      help: 'Events of a shape that the metric does not know',
      labelNames: ['channel'],
      registers: [registry],
    });
    this.#takers = rules.map((rule) => ({ channel: rule.channel, take: takerOf(rule, registry) }));
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.#takers.map(({ channel, take }) =>
      diagnosticsChannel(channel).subscribe((event) => {
        try {
          take(event);
        } catch {
          // A throwing subscriber would end the process; what could not be counted is counted here.
          this.#ignored.inc({ channel });
        }
      }),
    );
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
  }
}

function takerOf(rule: MetricRule, registry: Registry): (event: unknown) => void {
  const { name, help } = rule;
  const settings = { name, help, labelNames: Object.keys(rule.labels), registers: [registry] };
  switch (rule.kind) {
    case 'counter': {
      const counter = new Counter(settings);
      return (event) => counter.inc(labelsOf(rule.labels, event), rule.amountOf?.(event) ?? 1);
    }
    case 'histogram': {
      const histogram = new Histogram({ ...settings, buckets: [...rule.buckets] });
      return (event) => histogram.observe(labelsOf(rule.labels, event), rule.valueOf(event));
    }
    case 'gauge': {
      const gauge = new Gauge(settings);
      return (event) => rule.update(gauge, event, labelsOf(rule.labels, event));
    }
    case 'latency': {
      const metric = new LatencyMetric(name, help, registry);
      return (event) => metric.add(labelsOf(rule.labels, event), rule.countsOf(event));
    }
  }
}

function labelsOf(labels: LabelsOf<unknown>, event: unknown): Labels {
  return Object.fromEntries(Object.entries(labels).map(([name, of]) => [name, of(event)]));
}
