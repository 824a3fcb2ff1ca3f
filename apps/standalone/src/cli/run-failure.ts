import { describeError } from '@millrace/kernel';
import { EXIT_CODES, type ExitCode } from './exit-codes.js';

/** Ends the run with an exit code of its own. The message is for the person at the terminal: what is wrong and the remedy. */
export class RunFailure extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.exitCode = exitCode;
  }
}

/** An option is wrong or does not fit the others. */
export function usageFailure(message: string): RunFailure {
  return new RunFailure(EXIT_CODES.usage, message);
}

/** The input data cannot be used. */
export function dataFailure(message: string, cause?: unknown): RunFailure {
  return new RunFailure(EXIT_CODES.dataUnreadable, message, cause === undefined ? undefined : { cause });
}

/** Passes a {@link RunFailure} on and gives anything else the exit code of the stage in which it happened. */
export function asRunFailure(cause: unknown, exitCode: ExitCode, what: string): RunFailure {
  if (cause instanceof RunFailure) return cause;
  return new RunFailure(exitCode, `${what}: ${describeError(cause)}`, { cause });
}
