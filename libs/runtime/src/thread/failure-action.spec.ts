import { describe, expect, it } from '@jest/globals';
import { FatalError, RecordError, TaskError, TransientError } from '@millrace/kernel';
import { failureAction, type FailureAction } from './failure-action.js';

describe('failureAction', () => {
  it.each<[string, unknown, FailureAction]>([
    ['a broker that does not answer', new TransientError('MR_NETWORK_TIMEOUT', ''), 'restart-tasks'],
    ['a transaction that must be aborted', new TransientError('MR_TRANSACTION_ABORTABLE', ''), 'restart-tasks'],
    ['a producer that was fenced', new TaskError('MR_PRODUCER_FENCED', ''), 'restart-tasks'],
    ['a handler that asks for it', new TaskError('MR_TASK_FAILED', ''), 'restart-tasks'],
    ['a generation that is over', new TaskError('MR_GROUP_REBALANCED', ''), 'rejoin'],
    ['input that is gone from its log', new TaskError('MR_OFFSET_OUT_OF_RANGE', ''), 'stop'],
    ['a record too large for its topic', new RecordError('MR_RECORD_TOO_LARGE', ''), 'stop'],
    ['a setting that is wrong', new FatalError('MR_CONFIG_INVALID', ''), 'stop'],
    ['a defect', new TypeError('undefined is not a function'), 'stop'],
  ])('answers %s with the action that mends it', (_what, error, action) => {
    expect(failureAction(error)).toBe(action);
  });
});
