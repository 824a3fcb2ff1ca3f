import { describe, expect, it } from '@jest/globals';
import { TopologyBuilder, topic, utf8 } from '@millrace/streams';
import { counting } from '../../test/counting.js';
import { resolveStreamsAppOptions, type StreamsAppOptions } from './streams-app-options.js';

function resolved(options: Partial<StreamsAppOptions>): ReturnType<typeof resolveStreamsAppOptions> {
  return resolveStreamsAppOptions({
    applicationId: 'app',
    topologies: [counting()],
    cluster: { bootstrap: ['localhost:9092'] },
    ...options,
  });
}

describe('the options of an application on a worker thread', () => {
  it('give it the process of all workers, and a thread and client of its own', () => {
    const settings = resolved({ worker: { processId: 'p', index: 2 } });

    expect(settings).toMatchObject({ processId: 'p', firstThread: 2, cluster: { clientId: 'app-p-2' } });
  });

  it('let the name of the instance win over that of the process', () => {
    const settings = resolved({ instanceId: 'pod-1', worker: { processId: 'p', index: 1 } });

    expect(settings).toMatchObject({ processId: 'pod-1', firstThread: 1, cluster: { clientId: 'app-pod-1-1' } });
  });
});

describe('the options of an application', () => {
  it('commit every 100 ms under either guarantee, and restart a task up to 10 times in 10 minutes', () => {
    for (const processingGuarantee of ['exactly_once', 'at_least_once'] as const) {
      expect(resolved({ processingGuarantee })).toMatchObject({
        commitIntervalMs: 100,
        maxTaskRestarts: 10,
        taskRestartWindowMs: 600_000,
      });
    }
  });

  it('refuse at least once where an operator would take the repetition of a record for its copy, and lose it', () => {
    const t = new TopologyBuilder('once');
    t.stream('words', topic('words', utf8, utf8))
      .deduplicate('by-word', { by: (word) => word, id: utf8, within: '1h', store: 'seen' })
      .to('out', topic('out', utf8, utf8));
    const topologies = [t.build()];

    expect(() => resolved({ topologies, processingGuarantee: 'at_least_once' })).toThrow(
      "processingGuarantee: 'by-word' in 'once' needs exactly_once",
    );
    expect(resolved({ topologies }).processingGuarantee).toBe('exactly_once');
  });

  it('are refused with everything that is wrong with restarts', () => {
    expect(() => resolved({ maxTaskRestarts: -1, taskRestartWindow: -5 })).toThrow(
      /taskRestartWindow: [^]*maxTaskRestarts: -1 is not a whole number of at least 0/,
    );
  });
});

describe('the rack of a process', () => {
  it('is the one that records are read from, unless the cluster’s options name another', () => {
    const bootstrap = ['localhost:9092'];

    expect(resolved({ rack: 'zone-a', cluster: { bootstrap } }).cluster.rack).toBe('zone-a');
    expect(resolved({ rack: 'host-7', cluster: { bootstrap, rack: 'zone-b' } }).cluster.rack).toBe('zone-b');
    expect(resolved({ cluster: { bootstrap } }).cluster.rack).toBeUndefined();
  });
});

describe('the options of standbys and warm-ups', () => {
  it("have Kafka's defaults", () => {
    expect(resolved({})).toMatchObject({
      standbyReplicas: 0,
      rack: undefined,
      acceptableRecoveryLag: 10_000,
      maxWarmupReplicas: 2,
      probingRebalanceIntervalMs: 600_000,
    });
  });

  it('are refused together where they make no sense', () => {
    const wrong = {
      standbyReplicas: -1,
      acceptableRecoveryLag: 0.5,
      maxWarmupReplicas: 0,
      probingRebalanceInterval: 0,
    } as const;

    expect(() => resolved(wrong)).toThrow(
      /standbyReplicas: -1.*acceptableRecoveryLag: 0.5.*maxWarmupReplicas: 0.*probingRebalanceInterval/s,
    );
  });
});

describe('choices', () => {
  it('are refused where they are none, so that nothing weaker is taken for what was meant', () => {
    const wrong = { processingGuarantee: 'exactly-once', groupProtocol: 'kip-1071', compression: 'lz5' };

    expect(() => resolved(wrong as unknown as Parameters<typeof resolved>[0])).toThrow(
      /processingGuarantee: 'exactly-once' is not one of exactly_once, .*groupProtocol: 'kip-1071' is not one of classic, streams.*compression: 'lz5' is not one of none, gzip/s,
    );
  });
});

describe('the group protocol', () => {
  it('is classic unless asked otherwise', () => {
    expect(resolved({}).groupProtocol).toBe('classic');
  });

  it('refuses with streams what the coordinator decides or does not know, with the remedy', () => {
    const wrong = { groupProtocol: 'streams', standbyReplicas: 2, advertisedUrl: 'http://here:3000/queries' } as const;

    expect(() => resolved(wrong)).toThrow(
      /advertisedUrl: .*'classic'.*standbyReplicas: .*streams\.num\.standby\.replicas=2/s,
    );
  });
});
