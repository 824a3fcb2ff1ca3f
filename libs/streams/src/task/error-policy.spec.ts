import { describe, expect, it } from '@jest/globals';
import { resolveErrorPolicy, type ErrorPolicy } from './error-policy.js';

describe('an error policy', () => {
  it('leaves failures of handlers to the operator, and puts unreadable and unwritable records aside, where nothing else is said', () => {
    expect(resolveErrorPolicy({})).toEqual({
      onDeserializationError: 'dead-letter',
      onProcessingError: 'stop-app',
      onProductionError: 'dead-letter',
      retry: undefined,
      retryTopic: undefined,
    });
  });

  it('is refused with all choices that are none', () => {
    const policy = {
      onDeserializationError: 'retry',
      onProcessingError: 'deadletter',
      onProductionError: 'skip',
      retryTopic: { delays: ['1s'], order: 'by-key' },
    } as unknown as ErrorPolicy;

    expect(() => resolveErrorPolicy(policy)).toThrow(
      expect.objectContaining({
        code: 'MR_CONFIG_INVALID',
        message: expect.stringMatching(
          /onDeserializationError: 'retry' is not one of dead-letter, stop-app.*onProcessingError: 'deadletter' is not one of dead-letter, retry, restart-task, stop-app.*onProductionError: 'skip' is.*retryTopic\.order: 'by-key' is not one of none, per-key/s,
        ),
      }),
    );
  });
});
