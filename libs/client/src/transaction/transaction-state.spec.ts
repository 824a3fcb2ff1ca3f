import { describe, expect, it } from '@jest/globals';
import { FatalError } from '@millrace/kernel';
import { TransactionState, type TransactionPhase } from './transaction-state.js';

function stateIn(...path: readonly TransactionPhase[]): TransactionState {
  const state = new TransactionState();
  for (const phase of path) state.to(phase);
  return state;
}

describe('TransactionState', () => {
  it('goes from transaction to transaction', () => {
    const state = stateIn('starting', 'ready', 'open', 'ending', 'ready', 'open');

    expect(state.phase).toBe('open');
    expect(() => state.expect('send', 'open')).not.toThrow();
  });

  it('names the first failure of a transaction to whoever goes on with it', () => {
    const state = stateIn('starting', 'ready', 'open');
    state.fail('abortable', new Error('the first'));
    state.fail('abortable', new Error('the second'));

    expect(() => state.expect('commit', 'open')).toThrow(
      expect.objectContaining({
        code: 'MR_TRANSACTION_ABORTABLE',
        disposition: 'retry',
        message: expect.stringContaining('the first') as unknown,
      }),
    );
  });

  it('does not ask for another try when only a person can repair the cause', () => {
    const state = stateIn('starting', 'ready', 'open');
    state.fail('abortable', new FatalError('MR_BROKER_REFUSED', 'no rights'));

    expect(() => state.expect('commit', 'open')).toThrow(
      expect.objectContaining({ code: 'MR_BROKER_REFUSED', disposition: 'stop-app' }),
    );
    expect(() => state.expect('abort', 'abortable')).not.toThrow();
  });

  it('is defunct for good once it was fenced, until it is started again', () => {
    const state = stateIn('starting', 'ready', 'open');
    state.fail('abortable', new Error('refused'));
    state.fail('defunct', new Error('fenced'));
    state.fail('abortable', new Error('late'));

    expect(() => state.expect('abort', 'abortable')).toThrow(
      expect.objectContaining({ code: 'MR_PRODUCER_FENCED', disposition: 'restart-task' }),
    );
    state.to('starting');
    state.to('ready');
    expect(state.phase).toBe('ready');
  });

  it('refuses what does not fit', () => {
    const outOfOrder = expect.objectContaining({ code: 'MR_LIFECYCLE_ORDER', disposition: 'stop-app' });

    expect(() => stateIn('starting', 'ready').to('ending')).toThrow(outOfOrder);
    expect(() => stateIn().expect('send', 'open')).toThrow(outOfOrder);
  });
});
