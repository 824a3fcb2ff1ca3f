import { dispositionOf, isMillraceError, type ErrorCode } from '@millrace/kernel';

/**
 * What a thread does about an error that reached its loop.
 *
 * - `restart-tasks`: abort what is open, begin a new producer session, build the tasks again from committed state;
 * - `rejoin`: the same, and become a new member of the group first, as others may own the tasks by now;
 * - `stop`: the thread dies and the application with it.
 */
export type FailureAction = 'restart-tasks' | 'rejoin' | 'stop';

const LOST_MEMBERSHIP: ReadonlySet<ErrorCode> = new Set(['MR_GROUP_REBALANCED', 'MR_TASK_FENCED']);

/**
 * Decides about an error by its code and disposition. What nobody has classified (a defect) stops the thread, and so does
 * input that is gone from its log: going on elsewhere would be a silent gap.
 */
export function failureAction(error: unknown): FailureAction {
  if (isMillraceError(error) && error.code === 'MR_OFFSET_OUT_OF_RANGE') return 'stop';
  switch (dispositionOf(error, 'stop-app')) {
    case 'retry':
      return 'restart-tasks';
    case 'restart-task':
      return isMillraceError(error) && LOST_MEMBERSHIP.has(error.code) ? 'rejoin' : 'restart-tasks';
    case 'dead-letter':
    case 'stop-app':
      return 'stop';
  }
}
