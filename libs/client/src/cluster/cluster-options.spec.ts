import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '@millrace/kernel';
import { resolveClusterOptions } from './cluster-options.js';

describe('the options of a cluster', () => {
  it('have Kafka’s defaults', () => {
    expect(resolveClusterOptions({ bootstrap: ['one:9092', ' [::1]:9093'], clientId: 'test' })).toMatchObject({
      bootstrap: [
        { host: 'one', port: 9092 },
        { host: '::1', port: 9093 },
      ],
      requestTimeoutMs: 30_000,
      connectTimeoutMs: 10_000,
      retryBackoffMs: 100,
      retryBackoffMaxMs: 1_000,
      metadataMaxAgeMs: 300_000,
    });
  });

  it('are refused with everything that is wrong at once', () => {
    const resolve = (): unknown =>
      resolveClusterOptions({ bootstrap: ['nowhere', 'host:99999'], clientId: 'test', requestTimeoutMs: 0 });

    expect(resolve).toThrow(ConfigurationError);
    expect(resolve).toThrow(/'nowhere'[^]*'host:99999'[^]*requestTimeoutMs/);
    expect(() => resolveClusterOptions({ bootstrap: [], clientId: 'test' })).toThrow(/at least one broker/);
  });
});
