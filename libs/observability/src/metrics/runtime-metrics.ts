import type { LatencyCounts } from '@millrace/kernel';
import { CALL_SECONDS, metricRule, type LabelsOf, type MetricRule } from './metric-rule.js';

interface ThreadPlace {
  readonly applicationId: string;
  readonly thread: string;
}

/** Events of the channels `runtime.*`, as far as they are used here. */
export interface RuntimeEvents {
  processed: ThreadPlace & { readonly taskId: string; readonly records: number; readonly durationMs: number };
  committed: ThreadPlace & { readonly recordsIn: number; readonly recordsOut: number; readonly durationMs: number };
  restored: ThreadPlace & { readonly topic: string; readonly phase: string; readonly restoredRecords: number };
  standby: ThreadPlace & { readonly taskId: string; readonly phase: string; readonly lagRecords: number | undefined };
  rebalanced: ThreadPlace & { readonly kind: string };
  deadLettered: ThreadPlace & { readonly node: string; readonly topic: string; readonly code: string };
  retried: ThreadPlace & { readonly node: string; readonly where: string; readonly records: number };
  late: ThreadPlace & { readonly node: string; readonly records: number };
  threadState: ThreadPlace & { readonly from: string; readonly to: string };
  taskState: ThreadPlace & { readonly taskId: string; readonly state: string };
  lag: ThreadPlace & { readonly topic: string; readonly partition: number; readonly lagRecords: number };
  failed: ThreadPlace & { readonly code: string; readonly action: string };
  sinkWritten: ThreadPlace & {
    readonly topic: string;
    readonly records: number;
    readonly durationMs: number;
    readonly latency: LatencyCounts;
  };
}

const application: LabelsOf<ThreadPlace> = { application: ({ applicationId }) => applicationId };

/** Metrics of stream threads and their tasks. */
const threadMetrics: readonly MetricRule[] = [
  metricRule<RuntimeEvents['processed']>({
    kind: 'counter',
    channel: 'runtime.processed',
    name: 'millrace_records_processed_total',
    help: 'Input records that tasks have processed',
    labels: { ...application, task: ({ taskId }) => taskId },
    amountOf: ({ records }) => records,
  }),
  metricRule<RuntimeEvents['processed']>({
    kind: 'counter',
    channel: 'runtime.processed',
    name: 'millrace_processing_seconds_total',
    help: 'Time that tasks have spent on processing records',
    labels: { ...application, task: ({ taskId }) => taskId },
    amountOf: ({ durationMs }) => durationMs / 1_000,
  }),
  metricRule<RuntimeEvents['committed']>({
    kind: 'histogram',
    channel: 'runtime.committed',
    name: 'millrace_commit_duration_seconds',
    help: 'Time of commits',
    labels: application,
    buckets: CALL_SECONDS,
    valueOf: ({ durationMs }) => durationMs / 1_000,
  }),
  metricRule<RuntimeEvents['committed']>({
    kind: 'counter',
    channel: 'runtime.committed',
    name: 'millrace_records_committed_total',
    help: 'Input records whose effects are permanent',
    labels: application,
    amountOf: ({ recordsIn }) => recordsIn,
  }),
  metricRule<RuntimeEvents['committed']>({
    kind: 'counter',
    channel: 'runtime.committed',
    name: 'millrace_records_produced_total',
    help: 'Records written to output, repartition and changelog topics',
    labels: application,
    amountOf: ({ recordsOut }) => recordsOut,
  }),
  metricRule<RuntimeEvents['threadState']>({
    kind: 'gauge',
    channel: 'runtime.thread-state',
    name: 'millrace_thread_state',
    help: 'State of each stream thread: 1 for the state in which it is',
    labels: { ...application, thread: ({ thread }) => thread, state: ({ to }) => to },
    update: (gauge, { from, to }, labels) => {
      gauge.set({ ...labels, state: from }, 0);
      gauge.set({ ...labels, state: to }, 1);
    },
  }),
  metricRule<RuntimeEvents['failed']>({
    kind: 'counter',
    channel: 'runtime.failed',
    name: 'millrace_failures_total',
    help: 'Failures of threads, by error code and by what was done about them',
    labels: { ...application, code: ({ code }) => code, action: ({ action }) => action },
  }),
  metricRule<RuntimeEvents['rebalanced']>({
    kind: 'counter',
    channel: 'runtime.rebalanced',
    name: 'millrace_rebalances_total',
    help: 'Changes of the partitions of a thread',
    labels: { ...application, kind: ({ kind }) => kind },
  }),
];

/** Metrics of tasks, their records and their stores. */
const taskMetrics: readonly MetricRule[] = [
  metricRule<RuntimeEvents['taskState']>({
    kind: 'gauge',
    channel: 'runtime.task-state',
    name: 'millrace_task_running',
    help: 'Whether a task that this process owns is running: 1, or 0 while it is restored, paused or about to be restarted',
    labels: { ...application, task: ({ taskId }) => taskId },
    update: (gauge, { state }, labels) => {
      if (state === 'CLOSED') gauge.remove(labels);
      else gauge.set(labels, state === 'RUNNING' ? 1 : 0);
    },
  }),
  metricRule<RuntimeEvents['restored']>({
    kind: 'counter',
    channel: 'runtime.restored',
    name: 'millrace_records_restored_total',
    help: 'Records read from changelogs into stores that are restored by now',
    labels: { ...application, topic: ({ topic }) => topic },
    amountOf: ({ phase, restoredRecords }) => (phase === 'ended' ? restoredRecords : 0),
  }),
  metricRule<RuntimeEvents['restored']>({
    kind: 'gauge',
    channel: 'runtime.restored',
    name: 'millrace_restorations',
    help: 'Stores and global tables that are being restored',
    labels: application,
    update: (gauge, { phase }, labels) => {
      if (phase !== 'progressed') gauge.inc(labels, phase === 'started' ? 1 : -1);
    },
  }),
  metricRule<RuntimeEvents['standby']>({
    kind: 'gauge',
    channel: 'runtime.standby',
    name: 'millrace_standby_lag_records',
    help: 'Changelog records that the stores of a standby of this process do not have',
    labels: { ...application, task: ({ taskId }) => taskId },
    update: (gauge, { phase, lagRecords }, labels) => {
      if (phase === 'ended') gauge.remove(labels);
      else if (lagRecords !== undefined) gauge.set(labels, lagRecords);
    },
  }),
  metricRule<RuntimeEvents['lag']>({
    kind: 'gauge',
    channel: 'runtime.lag',
    name: 'millrace_lag_records',
    help: 'How far an input partition is behind',
    labels: { ...application, topic: ({ topic }) => topic, partition: ({ partition }) => String(partition) },
    update: (gauge, { lagRecords }, labels) => gauge.set(labels, lagRecords),
  }),
  metricRule<RuntimeEvents['deadLettered']>({
    kind: 'counter',
    channel: 'runtime.dead-lettered',
    name: 'millrace_dead_letters_total',
    help: 'Records that went to their dead-letter topic, by node and error code',
    labels: { ...application, topic: ({ topic }) => topic, node: ({ node }) => node, code: ({ code }) => code },
  }),
  metricRule<RuntimeEvents['retried']>({
    kind: 'counter',
    channel: 'runtime.retried',
    name: 'millrace_retries_total',
    help: 'Records that failed and are tried again, in place or from a retry topic',
    labels: { ...application, node: ({ node }) => node, where: ({ where }) => where },
    amountOf: ({ records }) => records,
  }),
  metricRule<RuntimeEvents['late']>({
    kind: 'counter',
    channel: 'runtime.late',
    name: 'millrace_late_records_total',
    help: 'Records that came after their window had closed',
    labels: { ...application, node: ({ node }) => node },
    amountOf: ({ records }) => records,
  }),
];

/** Metrics of sinks: databases and object stores. */
const sinkMetrics: readonly MetricRule[] = [
  metricRule<RuntimeEvents['sinkWritten']>({
    kind: 'counter',
    channel: 'runtime.sink-written',
    name: 'millrace_sink_records_total',
    help: 'Records that sinks have written',
    labels: { ...application, topic: ({ topic }) => topic },
    amountOf: ({ records }) => records,
  }),
  metricRule<RuntimeEvents['sinkWritten']>({
    kind: 'histogram',
    channel: 'runtime.sink-written',
    name: 'millrace_sink_write_duration_seconds',
    help: 'Time of writing a batch to a sink',
    labels: { ...application, topic: ({ topic }) => topic },
    buckets: CALL_SECONDS,
    valueOf: ({ durationMs }) => durationMs / 1_000,
  }),
  metricRule<RuntimeEvents['sinkWritten']>({
    kind: 'latency',
    channel: 'runtime.sink-written',
    name: 'millrace_end_to_end_latency_seconds',
    help: 'Time from the arrival of an event at the pipeline to the end of its write to a sink',
    labels: { ...application, topic: ({ topic }) => topic },
    countsOf: ({ latency }) => latency,
  }),
];

/** Metrics of everything that runs topologies. */
export const runtimeMetrics: readonly MetricRule[] = [...threadMetrics, ...taskMetrics, ...sinkMetrics];
