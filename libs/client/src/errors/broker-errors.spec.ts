import { describe, expect, it } from '@jest/globals';
import { FatalError, TransientError } from '@millrace/kernel';
import { ErrorCodes } from '@millrace/protocol';
import { brokerError, isIndefinite, mayBeRepeated } from './broker-errors.js';

describe('brokerError', () => {
  it.each([
    ['NOT_LEADER_OR_FOLLOWER', 'MR_BROKER_RETRIABLE', 'retry'],
    ['CONCURRENT_TRANSACTIONS', 'MR_BROKER_RETRIABLE', 'retry'],
    ['UNSTABLE_OFFSET_COMMIT', 'MR_BROKER_RETRIABLE', 'retry'],
    ['ILLEGAL_GENERATION', 'MR_GROUP_REBALANCED', 'restart-task'],
    ['STALE_MEMBER_EPOCH', 'MR_GROUP_REBALANCED', 'restart-task'],
    ['UNKNOWN_MEMBER_ID', 'MR_GROUP_REBALANCED', 'restart-task'],
    ['FENCED_INSTANCE_ID', 'MR_TASK_FENCED', 'stop-app'],
    ['PRODUCER_FENCED', 'MR_PRODUCER_FENCED', 'restart-task'],
    ['INVALID_PRODUCER_EPOCH', 'MR_PRODUCER_FENCED', 'restart-task'],
    ['TRANSACTION_ABORTABLE', 'MR_TRANSACTION_ABORTABLE', 'retry'],
    ['INVALID_TXN_STATE', 'MR_TRANSACTION_ABORTABLE', 'restart-task'],
    ['OFFSET_OUT_OF_RANGE', 'MR_OFFSET_OUT_OF_RANGE', 'restart-task'],
    ['MESSAGE_TOO_LARGE', 'MR_RECORD_TOO_LARGE', 'dead-letter'],
    ['INVALID_RECORD', 'MR_RECORD_REJECTED', 'dead-letter'],
    ['UNSUPPORTED_VERSION', 'MR_PROTOCOL_UNSUPPORTED', 'stop-app'],
    ['TOPIC_AUTHORIZATION_FAILED', 'MR_BROKER_REFUSED', 'stop-app'],
  ] as const)('makes %s a %s (%s)', (kafkaError, code, disposition) => {
    const error = brokerError(ErrorCodes[kafkaError], 'Produce to orders-3', { topic: 'orders', partition: 3 });

    expect(error).toMatchObject({ code, disposition, place: { topic: 'orders', partition: 3, kafkaError } });
    expect(error.message).toContain(`Produce to orders-3 was answered with ${kafkaError}`);
  });
});

describe('what may be repeated', () => {
  it('is what network or broker were in the way of, but not a transaction that must be aborted first', () => {
    expect(mayBeRepeated(new TransientError('MR_NETWORK_TIMEOUT', ''))).toBe(true);
    expect(mayBeRepeated(brokerError(ErrorCodes.NOT_COORDINATOR, ''))).toBe(true);
    expect(mayBeRepeated(brokerError(ErrorCodes.TRANSACTION_ABORTABLE, ''))).toBe(false);
    expect(mayBeRepeated(new FatalError('MR_BROKER_REFUSED', ''))).toBe(false);
    expect(mayBeRepeated(new Error(''))).toBe(false);
  });

  it('is indefinite only when no answer came', () => {
    expect(isIndefinite(new TransientError('MR_NETWORK_DISCONNECTED', ''))).toBe(true);
    expect(isIndefinite(brokerError(ErrorCodes.NOT_COORDINATOR, ''))).toBe(false);
  });
});
