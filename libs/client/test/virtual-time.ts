import { ManualClock } from '@millrace/kernel';

/** Time that moves only when a spec says so. */
export class VirtualTime {
  readonly clock = new ManualClock(1_000_000);

  /** Moves time on, from timer to timer, until the promise is settled. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const watched = promise.finally(() => (settled = true));
    watched.catch(() => undefined);
    await this.until('the promise is settled', () => settled);
    return watched;
  }

  /** Moves time on, from timer to timer, until the condition holds. */
  async until(what: string, condition: () => boolean): Promise<void> {
    for (let step = 0; step < 20_000; step++) {
      await this.settle();
      if (condition()) return;
      const next = this.clock.nextTimerMs();
      if (next !== undefined) this.clock.advanceTo(next);
    }
    throw new Error(`it never came true that ${what}`);
  }

  /** Lets everything happen that does not wait for time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Moves time on by `ms`, as far as anybody notices. */
  async pass(ms: number): Promise<void> {
    const endMs = this.clock.nowMs() + ms;
    await this.until(`${ms} ms have passed`, () => {
      const next = this.clock.nextTimerMs();
      if (next !== undefined && next <= endMs) return false;
      this.clock.advanceTo(endMs);
      return true;
    });
    await this.settle();
  }
}
