import type { Gauge } from 'prom-client';
import type { LatencyCounts } from '@millrace/kernel';

/** How the labels of a metric are taken from an event. Every one of them must have few values. */
export type LabelsOf<E> = Readonly<Record<string, (event: E) => string>>;

interface RuleBase<E> {
  /** Name of the diagnostics channel, without `millrace:`. */
  readonly channel: string;
  /** Name of the metric in Prometheus. */
  readonly name: string;
  readonly help: string;
  readonly labels: LabelsOf<E>;
}

/** Adds up: one per event, or what `amountOf` says. */
export interface CounterRule<E> extends RuleBase<E> {
  readonly kind: 'counter';
  amountOf?(event: E): number;
}

/** Counts durations in seconds, or sizes, in buckets. */
export interface HistogramRule<E> extends RuleBase<E> {
  readonly kind: 'histogram';
  readonly buckets: readonly number[];
  valueOf(event: E): number;
}

/** Goes up and down. */
export interface GaugeRule<E> extends RuleBase<E> {
  readonly kind: 'gauge';
  update(gauge: Gauge, event: E, labels: Readonly<Record<string, string>>): void;
}

/** Adds up latencies that arrive counted. */
export interface LatencyRule<E> extends RuleBase<E> {
  readonly kind: 'latency';
  countsOf(event: E): LatencyCounts;
}

/** What one metric makes of the events of one channel. Structural: producers are known by their channel's name alone. */
export type MetricRule<E = unknown> = CounterRule<E> | HistogramRule<E> | GaugeRule<E> | LatencyRule<E>;

/** Takes each rule with the type of its channel's events, and forgets the type: the rules of all channels go in one list. */
export function metricRule<E extends object>(rule: MetricRule<E>): MetricRule {
  return rule as unknown as MetricRule;
}

/** Bounds in seconds for calls over a network: 0.5 ms to 10 s. */
export const CALL_SECONDS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
