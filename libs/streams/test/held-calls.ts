import type { AsyncCallContext } from '../src/index.js';

/** A call that waits for its answer. */
export interface HeldCall {
  readonly key: string;
  readonly value: string;
  readonly signal: AbortSignal;
  readonly headers: AsyncCallContext['headers'];
  answer(value: string): void;
  fail(error: Error): void;
}

/** The other side of an `asyncMap`, which answers when a spec says so. */
export class HeldCalls {
  /** Calls that wait for an answer. */
  readonly waiting: HeldCall[] = [];
  /** Values of all calls ever made. */
  readonly made: string[] = [];
  /** The most calls that have ever waited at once. */
  mostAtOnce = 0;
  /** Whether two calls of one key have ever waited at once. */
  hasOverlapped = false;

  readonly call = (value: string, key: string, { signal, headers }: AsyncCallContext): Promise<string> =>
    new Promise((resolve, reject) => {
      const leave = (): void => {
        if (this.waiting.includes(held)) this.waiting.splice(this.waiting.indexOf(held), 1);
      };
      const held: HeldCall = {
        key,
        value,
        signal,
        headers,
        answer: (answer) => {
          leave();
          resolve(answer);
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      };
      this.hasOverlapped ||= this.waiting.some((each) => each.key === key);
      this.waiting.push(held);
      this.made.push(value);
      this.mostAtOnce = Math.max(this.mostAtOnce, this.waiting.length);
      signal.addEventListener('abort', leave, { once: true });
    });

  /** The values that wait for an answer. */
  get values(): string[] {
    return this.waiting.map(({ value }) => value);
  }

  /** Answers the call for `value` with that value in upper case. */
  answer(value: string): void {
    this.of(value).answer(value.toUpperCase());
  }

  /** The call that waits for `value`. */
  of(value: string): HeldCall {
    const held = this.waiting.find((each) => each.value === value);
    if (held === undefined) throw new Error(`no call waits for '${value}', but for: ${this.values.join(', ')}`);
    return held;
  }
}
