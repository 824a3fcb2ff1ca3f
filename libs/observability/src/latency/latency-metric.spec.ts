import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { LatencyHistogram } from '@millrace/kernel';
import { LatencyMetric } from './latency-metric.js';

describe('LatencyMetric', () => {
  it('is a histogram of Prometheus whose buckets add up batch by batch', async () => {
    const registry = new Registry();
    const metric = new LatencyMetric('latency_seconds', 'Latency', registry);
    const batch = new LatencyHistogram();
    for (const ms of [0.5, 1, 2, 3, 5_000_000]) batch.record(ms);
    metric.add({ topic: 'a' }, batch);
    metric.add({ topic: 'a' }, batch);
    metric.add({ topic: 'b' }, new LatencyHistogram());
    const lines = (await registry.metrics()).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        '# TYPE latency_seconds histogram',
        'latency_seconds_bucket{topic="a",le="0.001"} 4',
        'latency_seconds_bucket{topic="a",le="0.002"} 6',
        'latency_seconds_bucket{topic="a",le="0.004"} 8',
        'latency_seconds_bucket{topic="a",le="2097.152"} 8',
        'latency_seconds_bucket{topic="a",le="+Inf"} 10',
        'latency_seconds_sum{topic="a"} 10000.013',
        'latency_seconds_count{topic="a"} 10',
        'latency_seconds_count{topic="b"} 0',
      ]),
    );
  });
});
