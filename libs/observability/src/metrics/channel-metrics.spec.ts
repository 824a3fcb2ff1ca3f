import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { brokerChannels } from '@millrace/broker';
import { cacheChannels } from '@millrace/cache';
import { clientChannels } from '@millrace/client';
import { diagnosticsChannel, LatencyHistogram, type DiagnosticsChannel } from '@millrace/kernel';
import { resilienceChannels } from '@millrace/resilience';
import { runtimeChannels } from '@millrace/runtime';
import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import type { BrokerEvents } from './broker-metrics.js';
import type { CacheEvents } from './cache-metrics.js';
import { ChannelMetrics, METRIC_RULES } from './channel-metrics.js';
import type { ClientEvents } from './client-metrics.js';
import type { ResilienceEvents } from './resilience-metrics.js';
import type { RuntimeEvents } from './runtime-metrics.js';

/** Compiles only while the events of the libraries have the shape that is declared here. */
type EventsOf<Channels> = {
  readonly [Name in keyof Channels]: Channels[Name] extends DiagnosticsChannel<infer E> ? E : never;
};
type Fits<Produced, Understood> = Produced extends { readonly [Name in keyof Understood]: Understood[Name] }
  ? true
  : false;
const shapes: readonly true[] = [
  true satisfies Fits<EventsOf<typeof runtimeChannels>, RuntimeEvents>,
  true satisfies Fits<EventsOf<typeof clientChannels>, ClientEvents>,
  true satisfies Fits<EventsOf<typeof brokerChannels>, BrokerEvents>,
  true satisfies Fits<EventsOf<typeof resilienceChannels>, ResilienceEvents>,
  true satisfies Fits<EventsOf<typeof cacheChannels>, CacheEvents>,
];

let registry: Registry;
let metrics: ChannelMetrics;

beforeEach(async () => {
  registry = new Registry();
  metrics = new ChannelMetrics(registry);
  await metrics.start();
});

afterEach(() => metrics.stop());

const place = { applicationId: 'enrichment', thread: 'enrichment-1' };

function publish<Name extends keyof RuntimeEvents>(channel: string, event: RuntimeEvents[Name]): void {
  diagnosticsChannel(channel).publish(event);
}

async function exposition(): Promise<readonly string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

describe('ChannelMetrics', () => {
  it('counts what threads process, commit and produce', async () => {
    publish<'processed'>('runtime.processed', { ...place, taskId: '0_1', records: 500, durationMs: 20 });
    publish<'processed'>('runtime.processed', { ...place, taskId: '0_1', records: 300, durationMs: 5 });
    publish<'committed'>('runtime.committed', { ...place, recordsIn: 800, recordsOut: 900, durationMs: 12 });
    expect(await exposition()).toEqual(
      expect.arrayContaining([
        'millrace_records_processed_total{application="enrichment",task="0_1"} 800',
        'millrace_processing_seconds_total{application="enrichment",task="0_1"} 0.025',
        'millrace_records_committed_total{application="enrichment"} 800',
        'millrace_records_produced_total{application="enrichment"} 900',
        'millrace_commit_duration_seconds_bucket{le="0.025",application="enrichment"} 1',
        'millrace_commit_duration_seconds_bucket{le="0.01",application="enrichment"} 0',
      ]),
    );
  });

  it('shows the state of threads and tasks, and forgets tasks that are closed', async () => {
    publish<'threadState'>('runtime.thread-state', { ...place, from: 'CREATED', to: 'RUNNING' });
    publish<'taskState'>('runtime.task-state', { ...place, taskId: '0_0', state: 'RESTORING' });
    publish<'taskState'>('runtime.task-state', { ...place, taskId: '0_1', state: 'RUNNING' });
    publish<'taskState'>('runtime.task-state', { ...place, taskId: '0_0', state: 'CLOSED' });
    const lines = await exposition();
    expect(lines).toContain('millrace_thread_state{application="enrichment",thread="enrichment-1",state="CREATED"} 0');
    expect(lines).toContain('millrace_thread_state{application="enrichment",thread="enrichment-1",state="RUNNING"} 1');
    expect(lines.filter((line) => line.startsWith('millrace_task_running'))).toEqual([
      'millrace_task_running{application="enrichment",task="0_1"} 1',
    ]);
  });

  it('shows the lag of standbys, and forgets those that have ended', async () => {
    const standby = (taskId: string, phase: string, lagRecords: number | undefined): void =>
      publish<'standby'>('runtime.standby', { ...place, taskId, phase, lagRecords });
    standby('0_0', 'following', 12);
    standby('0_1', 'following', 7);
    standby('0_1', 'ended', 0);
    standby('0_2', 'following', undefined);
    const lines = await exposition();
    expect(lines.filter((line) => line.startsWith('millrace_standby_lag_records'))).toEqual([
      'millrace_standby_lag_records{application="enrichment",task="0_0"} 12',
    ]);
  });

  it('shows restoration while it goes on, and how much was restored when it has ended', async () => {
    const restored = (phase: string, restoredRecords: number): void =>
      publish<'restored'>('runtime.restored', { ...place, topic: 'a-changelog', phase, restoredRecords });
    restored('started', 0);
    restored('progressed', 50);
    expect(await exposition()).toContain('millrace_restorations{application="enrichment"} 1');
    restored('ended', 80);
    const lines = await exposition();
    expect(lines).toContain('millrace_restorations{application="enrichment"} 0');
    expect(lines).toContain('millrace_records_restored_total{application="enrichment",topic="a-changelog"} 80');
  });

  it('adds up the latencies that sinks report by the batch', async () => {
    const latency = new LatencyHistogram();
    latency.record(30);
    latency.record(70);
    const written = { ...place, topic: 'flights.enriched', records: 2, durationMs: 4, latency };
    publish<'sinkWritten'>('runtime.sink-written', written);
    publish<'sinkWritten'>('runtime.sink-written', written);
    const labels = 'application="enrichment",topic="flights.enriched"';
    expect(await exposition()).toEqual(
      expect.arrayContaining([
        `millrace_sink_records_total{${labels}} 4`,
        `millrace_end_to_end_latency_seconds_bucket{${labels},le="0.032"} 2`,
        `millrace_end_to_end_latency_seconds_bucket{${labels},le="0.128"} 4`,
        `millrace_end_to_end_latency_seconds_count{${labels}} 4`,
      ]),
    );
  });

  it('counts dead letters, retries, late records and failures by what they are', async () => {
    publish<'deadLettered'>('runtime.dead-lettered', {
      ...place,
      node: 'departures',
      topic: 'flights.departures',
      code: 'MR_RECORD_UNREADABLE',
    });
    publish<'retried'>('runtime.retried', { ...place, node: 'enrichment/0', where: 'retry-topic', records: 2 });
    publish<'late'>('runtime.late', { ...place, node: 'hourly', records: 3 });
    publish<'failed'>('runtime.failed', { ...place, code: 'MR_TASK_FENCED', action: 'rejoin' });
    publish<'lag'>('runtime.lag', { ...place, topic: 'flights.departures', partition: 2, lagRecords: 17 });
    expect(await exposition()).toEqual(
      expect.arrayContaining([
        'millrace_dead_letters_total{application="enrichment",topic="flights.departures",node="departures",code="MR_RECORD_UNREADABLE"} 1',
        'millrace_retries_total{application="enrichment",node="enrichment/0",where="retry-topic"} 2',
        'millrace_late_records_total{application="enrichment",node="hourly"} 3',
        'millrace_failures_total{application="enrichment",code="MR_TASK_FENCED",action="rejoin"} 1',
        'millrace_lag_records{application="enrichment",topic="flights.departures",partition="2"} 17',
      ]),
    );
  });

  it('shows connections, requests and retries of the client, with few values for each label', async () => {
    clientChannels.connection.publish({ event: 'opened', nodeId: 1, purpose: 'fetch' });
    clientChannels.connection.publish({ event: 'opened', nodeId: 2, purpose: 'fetch' });
    clientChannels.connection.publish({ event: 'closed', nodeId: 2, purpose: 'fetch' });
    clientChannels.request.publish({ api: 'Fetch', nodeId: 1, durationMs: 3 });
    clientChannels.retry.publish({
      what: 'metadata of a, b, c',
      attempt: 1,
      delayMs: 5,
      error: 'MR_NETWORK_TIMEOUT: no answer from 10.0.0.7',
    });
    clientChannels.retry.publish({ what: 'x', attempt: 1, delayMs: 5, error: 'TypeError: whatever' });
    expect(await exposition()).toEqual(
      expect.arrayContaining([
        'millrace_client_connections{purpose="fetch"} 1',
        'millrace_client_connection_events_total{event="closed",purpose="fetch"} 1',
        'millrace_client_request_duration_seconds_count{api="Fetch"} 1',
        'millrace_client_retries_total{code="MR_NETWORK_TIMEOUT"} 1',
        'millrace_client_retries_total{code="other"} 1',
      ]),
    );
  });

  it('shows breakers, time-outs and caches', async () => {
    resilienceChannels.breaker.publish({ policy: 'postgres', state: 'open' });
    resilienceChannels.timeout.publish({ policy: 'postgres', timeoutMs: 5 });
    resilienceChannels.call.publish({ policy: 'postgres', outcome: 'failed', attempts: 3, durationMs: 40 });
    cacheChannels.lookup.publish({ cache: 'latest', result: 'hit' });
    cacheChannels.storeFailed.publish({ cache: 'latest', operation: 'read', error: 'Error' });
    expect(await exposition()).toEqual(
      expect.arrayContaining([
        'millrace_policy_breaker_state{policy="postgres"} 2',
        'millrace_policy_timeouts_total{policy="postgres"} 1',
        'millrace_policy_call_duration_seconds_count{policy="postgres",outcome="failed"} 1',
        'millrace_cache_lookups_total{cache="latest",result="hit"} 1',
        'millrace_cache_store_failures_total{cache="latest",operation="read"} 1',
      ]),
    );
  });

  it('shows what the broker recovers and refuses, without the names that strangers send', async () => {
    brokerChannels.tornTailTruncated.publish({ file: 'a', keptBytes: 5, droppedBytes: 7, reason: 'x' });
    const request = { connectionId: 1, remote: 'x', apiVersion: 3, clientId: null, reason: 'x' };
    brokerChannels.requestRefused.publish({ ...request, api: 'Produce' });
    brokerChannels.requestRefused.publish({ ...request, api: '12345' });
    expect(await exposition()).toEqual(
      expect.arrayContaining([
        'millrace_broker_torn_tail_bytes_total 7',
        'millrace_broker_requests_refused_total{api="Produce"} 1',
        'millrace_broker_requests_refused_total{api="unknown"} 1',
      ]),
    );
  });

  it('survives events of another shape and counts them', async () => {
    diagnosticsChannel('runtime.processed').publish({ ...place, taskId: '0_0', records: 'many' });
    diagnosticsChannel('runtime.sink-written').publish({ ...place, topic: 'a', records: 1, durationMs: 1 });
    const lines = await exposition();
    expect(lines.filter((line) => line.startsWith('millrace_metrics_ignored_events_total')).length).toBeGreaterThan(0);
  });

  it('stops counting when it is stopped', async () => {
    await metrics.stop();
    cacheChannels.evicted.publish({ cache: 'latest', entries: 5 });
    expect(await exposition()).not.toContain('millrace_cache_evictions_total{cache="latest"} 1');
  });
});

describe('the rules', () => {
  it('understand the events that the libraries publish', () => {
    expect(shapes).not.toContain(false);
  });

  it('name channels that exist', () => {
    const libraries = [runtimeChannels, clientChannels, brokerChannels, resilienceChannels, cacheChannels];
    const channels = libraries.flatMap((each) =>
      Object.values(each as Readonly<Record<string, { readonly name: string }>>).map(({ name }) => name),
    );
    for (const { channel } of METRIC_RULES) expect(channels).toContain(`millrace:${channel}`);
  });

  it('follow the conventions of Prometheus', () => {
    for (const { kind, name, help } of METRIC_RULES) {
      expect(name).toMatch(/^millrace_[a-z_]+$/);
      expect(name.endsWith('_total')).toBe(kind === 'counter');
      if (kind === 'histogram' || kind === 'latency') expect(name).toMatch(/_seconds$/);
      expect(help).not.toBe('');
    }
    expect(new Set(METRIC_RULES.map(({ name }) => name)).size).toBe(METRIC_RULES.length);
  });

  it('all stand in the table of the README, with their channel and their labels', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    for (const { channel, name, kind, labels } of METRIC_RULES) {
      const type = kind === 'latency' ? 'histogram' : kind;
      const names = Object.keys(labels)
        .map((label) => `\`${label}\``)
        .join(', ');
      expect(readme).toContain(`| \`${channel}\` | \`${name}\` | ${type} | ${names === '' ? '–' : names} |`);
    }
  });
});
