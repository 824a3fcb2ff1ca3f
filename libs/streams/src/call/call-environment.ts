import type { Clock, Random } from '@millrace/kernel';

/** What calls to the outside (`asyncMap`) need of whoever runs their task. */
export interface CallEnvironment {
  /** For time limits and the pauses between tries. */
  readonly clock: Clock;
  /** For the jitter of those pauses. */
  readonly random: Random;
  /** Told when a call has ended: the task may have something to forward, see `StreamTask.forwardResults`. */
  readonly ended: () => void;
}
