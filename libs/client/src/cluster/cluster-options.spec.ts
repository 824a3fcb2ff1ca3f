import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '@millrace/kernel';
import type { SaslOptions } from '../sasl/sasl.js';
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

  it.each([
    [{ mechanism: 'plain', username: 'ada', password: 'pa55' }, /sasl\.mechanism: 'plain' is not one of PLAIN, SCRAM-/],
    [{ mechanism: 'PLAIN', username: '', password: 'pa55' }, /sasl\.username: must be a text that is not empty/],
    [{ mechanism: 'PLAIN', username: 'ada', password: undefined }, /sasl\.password: must be a text that is not empty/],
  ])('are refused with credentials that cannot be any, without quoting them: %j', (sasl, problem) => {
    const resolve = (): unknown =>
      resolveClusterOptions({ bootstrap: ['one:9092'], clientId: 'test', sasl: sasl as unknown as SaslOptions });

    expect(resolve).toThrow(problem);
    expect(resolve).not.toThrow(/pa55/);
  });

  it('quote nothing of an address that looks like credentials', () => {
    const resolve = (): unknown => resolveClusterOptions({ bootstrap: ['sasl://ada:pa55@one:9092'], clientId: 'test' });

    expect(resolve).toThrow("bootstrap: '…@one:9092' is not of the form host:port");
    expect(resolve).not.toThrow(/pa55/);
  });
});
