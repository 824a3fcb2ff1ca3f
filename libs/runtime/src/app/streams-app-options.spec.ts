import { describe, expect, it } from '@jest/globals';
import { counting } from '../../test/counting.js';
import { resolveStreamsAppOptions, type StreamsAppOptions } from './streams-app-options.js';

const options: StreamsAppOptions = {
  applicationId: 'app',
  topologies: [counting()],
  cluster: { bootstrap: ['localhost:9092'] },
};

describe('the options of standbys and warm-ups', () => {
  it("have Kafka's defaults", () => {
    expect(resolveStreamsAppOptions(options)).toMatchObject({
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

    expect(() => resolveStreamsAppOptions({ ...options, ...wrong })).toThrow(
      /standbyReplicas: -1.*acceptableRecoveryLag: 0.5.*maxWarmupReplicas: 0.*probingRebalanceInterval/s,
    );
  });
});
