import { describe, expect, it } from '@jest/globals';
import { isMillraceError, type ConfigurationError } from '@millrace/kernel';
import { MillraceServer } from './millrace-server.js';

const USUAL = { groupId: 'orders', cluster: { bootstrap: ['127.0.0.1:9092'] } };

/** Of options as they come from JavaScript, or from a file of settings. */
function problemsOf(options: object): readonly string[] {
  try {
    new MillraceServer({ ...USUAL, ...options });
  } catch (error) {
    if (isMillraceError(error) && error.code === 'MR_CONFIG_INVALID') return (error as ConfigurationError).problems;
    throw error;
  }
  return [];
}

describe('the options of a MillraceServer', () => {
  it.each([
    {},
    {
      startAt: 'latest',
      onOffsetOutOfRange: 'earliest',
      compression: 'zstd',
      fetch: { isolation: 'read_uncommitted' },
    },
    { missingTopics: 'wait', instanceId: 'orders-1' },
    { missingTopics: { partitions: 6, replicationFactor: 3 } },
    { policy: { onHandlerError: 'dead-letter', onExhausted: 'skip', replicationFactor: 3 } },
    { policy: { onHandlerError: undefined, onExhausted: undefined, replicationFactor: -1 } },
  ])('are taken: %j', (options) => {
    expect(problemsOf(options)).toEqual([]);
  });

  it.each<[object, string]>([
    [{ groupId: undefined }, 'groupId: must be a text that is not empty'],
    [{ groupId: '' }, 'groupId: must be a text that is not empty'],
    [{ instanceId: '' }, 'instanceId: must be a text that is not empty, or left out'],
    [{ cluster: undefined }, 'cluster: say how to reach it, such as { bootstrap: [host:port] }'],
    [{ cluster: { bootstrap: 'kafka:9092' } }, 'cluster.bootstrap: must be a list of host:port'],
    [{ startAt: 'begin' }, "startAt: 'begin' is not one of earliest, latest"],
    [{ onOffsetOutOfRange: 'none' }, "onOffsetOutOfRange: 'none' is not one of stop, earliest, latest"],
    [{ compression: 'lz5' }, "compression: 'lz5' is not one of none, gzip, snappy, lz4, zstd"],
    [
      { fetch: { isolation: 'committed' } },
      "fetch.isolation: 'committed' is not one of read_committed, read_uncommitted",
    ],
    [{ missingTopics: 'create' }, "missingTopics: 'create' is not 'fail', 'wait' or { partitions }"],
    [{ missingTopics: { partitions: 1.5 } }, 'missingTopics.partitions: 1.5 is not a whole number of at least 1'],
    [
      { missingTopics: { partitions: 1, replicationFactor: 0 } },
      'missingTopics.replicationFactor: 0 is not a whole number of at least 1, or -1',
    ],
    [
      { policy: { onHandlerError: 'deadletter' } },
      "policy.onHandlerError: 'deadletter' is not one of retry, dead-letter, stop-app",
    ],
    [
      { policy: { onExhausted: 'deadletter' } },
      "policy.onExhausted: 'deadletter' is not one of dead-letter, skip, stop-app",
    ],
    [{ policy: { replicationFactor: 0 } }, 'policy.replicationFactor: 0 is not a whole number of at least 1, or -1'],
  ])('are refused when they are wrong: %j', (options, problem) => {
    expect(problemsOf(options)).toEqual([problem]);
  });

  it('are told all at once', () => {
    expect(problemsOf({ startAt: 'begin', policy: { onExhausted: 'drop' }, delivery: { ack: 'no' } })).toHaveLength(3);
  });
});
