/**
 * The states of a transactional id.
 *
 * ```text
 *           ┌──────── InitProducerId ───────────────────────────────┐
 *           ▼                                                       │
 *  ──▶ Empty ──first partition──▶ Ongoing ──EndTxn──▶ PrepareCommit ──markers──▶ CompleteCommit ─┐
 *        │                        ▲   └───or timeout─▶ PrepareAbort ──markers──▶ CompleteAbort ──┤
 *        │                        └────────────────first partition of the next one───────────────┘
 *        └─EndTxn(abort), version 2─▶ PrepareAbort
 * ```
 *
 * PrepareCommit and PrepareAbort are the points of no return: once one of them is in the journal, the transaction ends that
 * way, also after a crash.
 */
export type TransactionState =
  'Empty' | 'Ongoing' | 'PrepareCommit' | 'PrepareAbort' | 'CompleteCommit' | 'CompleteAbort';

const PREVIOUS: Readonly<Record<TransactionState, readonly TransactionState[]>> = {
  Empty: ['Empty', 'CompleteCommit', 'CompleteAbort'],
  Ongoing: ['Ongoing', 'Empty', 'CompleteCommit', 'CompleteAbort'],
  PrepareCommit: ['Ongoing'],
  // From the other three, an abort of a transaction to which nothing was added yet (KIP-890): it only bumps the epoch.
  PrepareAbort: ['Ongoing', 'Empty', 'CompleteCommit', 'CompleteAbort'],
  CompleteCommit: ['PrepareCommit'],
  CompleteAbort: ['PrepareAbort'],
};

export function mayMove(from: TransactionState, to: TransactionState): boolean {
  return PREVIOUS[to].includes(from);
}
