import type { ErrorCode } from './error-codes.js';

/**
 * What the runtime does about an error; the class of an error says which applies unless a topology's policy overrides it.
 *
 * - `dead-letter`: the record goes to `<topic>-dlt` and the task goes on.
 * - `retry`: the same work is tried again with backoff.
 * - `restart-task`: the task is closed, its open transaction aborted, and it is built again from committed state.
 * - `stop-app`: nothing can go on; the application leaves in order with a non-zero exit code.
 */
export type Disposition = (typeof DISPOSITIONS)[number];

/** All there are. */
export const DISPOSITIONS = ['dead-letter', 'retry', 'restart-task', 'stop-app'] as const;

/** Where an error happened. Never holds a payload, a key or a secret. */
export interface ErrorPlace {
  readonly topic?: string;
  readonly partition?: number;
  readonly offset?: number;
  readonly taskId?: string;
  readonly node?: string;
  readonly [detail: string]: string | number | boolean | undefined;
}

/** What every Millrace error carries besides its message. */
export interface MillraceErrorOptions {
  readonly cause?: unknown;
  readonly place?: ErrorPlace;
}

const BRAND = Symbol.for('millrace.error');

/**
 * The root of all errors that Millrace raises. The message names the place and the remedy; payloads and secrets never
 * reach it.
 */
export abstract class MillraceError extends Error {
  abstract readonly disposition: Disposition;
  readonly code: ErrorCode;
  readonly place: ErrorPlace;
  readonly [BRAND] = true;

  constructor(code: ErrorCode, message: string, options: MillraceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.place = options.place ?? {};
  }

  toJSON(): object {
    return {
      name: this.name,
      code: this.code,
      disposition: this.disposition,
      message: this.message,
      place: this.place,
    };
  }
}

/** A single record cannot be processed: disposition `dead-letter`. */
export class RecordError extends MillraceError {
  readonly disposition = 'dead-letter';
}

/** The same call may succeed later: disposition `retry`. */
export class TransientError extends MillraceError {
  readonly disposition = 'retry';
  /** How long to wait before the next try, in milliseconds, where the other side said so. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: MillraceErrorOptions & { retryAfterMs?: number } = {}) {
    super(code, message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The task must be closed and built again from committed state: disposition `restart-task`. */
export class TaskError extends MillraceError {
  readonly disposition = 'restart-task';
}

/** Nothing can go on: disposition `stop-app`. */
export class FatalError extends MillraceError {
  readonly disposition = 'stop-app';
}

/** A setting is missing or wrong. Lists every problem at once: disposition `stop-app`. */
export class ConfigurationError extends FatalError {
  readonly problems: readonly string[];

  constructor(what: string, problems: readonly string[], options: MillraceErrorOptions = {}) {
    super('MR_CONFIG_INVALID', `${what} cannot be used:\n${problems.map((each) => `  - ${each}`).join('\n')}`, options);
    this.problems = problems;
  }
}

/** Tells whether a value is an error of Millrace, also across copies of this package. Never throws. */
export function isMillraceError(value: unknown): value is MillraceError {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[BRAND] === true;
}

/** The disposition of any thrown value: its own for a {@link MillraceError}, else `fallback`. Never throws. */
export function dispositionOf(value: unknown, fallback: Disposition): Disposition {
  return isMillraceError(value) ? value.disposition : fallback;
}

/** A one-line text for any thrown value, without stack; never throws. */
export function describeError(value: unknown): string {
  if (isMillraceError(value)) return `${value.code}: ${value.message}`;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  try {
    return String(value);
  } catch {
    return 'a value that has no text';
  }
}
