import { describe, expect, it } from '@jest/globals';
import { resolveSinkErrorPolicy, type SinkErrorPolicy } from './sink-error-policy.js';

describe('the error policy of a sink', () => {
  it('is refused with all choices that are none', () => {
    const policy = { onDeserializationError: 'skip', onWriteError: 'deadletter' } as unknown as SinkErrorPolicy;
    const problems: string[] = [];

    resolveSinkErrorPolicy(policy, problems);

    expect(problems).toEqual([
      "policy.onDeserializationError: 'skip' is not one of dead-letter, stop-app",
      "policy.onWriteError: 'deadletter' is not one of dead-letter, retry, restart-task, stop-app",
    ]);
  });

  it('knows all dispositions', () => {
    const problems: string[] = [];

    const resolved = resolveSinkErrorPolicy({ onWriteError: 'restart-task' }, problems);

    expect(problems).toEqual([]);
    expect(resolved).toMatchObject({ onDeserializationError: 'dead-letter', onWriteError: 'restart-task' });
  });
});
