import type { Clock, Timer } from '@millrace/kernel';
import type { VirtualTime } from './virtual-time.js';

/** What a host is doing: a frozen one goes on later as if nothing had been, one that is down never does. */
export type HostState = 'up' | 'frozen' | 'down';

/**
 * A machine of the simulated world with one process on it: the clock of that process, which is the world's but for timers that
 * do not fire while it is frozen or down.
 */
export class SimulatedHost implements Clock {
  readonly name: string;
  readonly #time: VirtualTime;
  #state: HostState = 'up';
  #held: (() => void)[] = [];
  /** Called when the host goes on after it was frozen. */
  onThaw: () => void = () => undefined;
  /** Whether what it sends stays on its way, and what is sent to it. */
  isCutOut = false;
  isCutIn = false;

  constructor(name: string, time: VirtualTime) {
    this.name = name;
    this.#time = time;
  }

  get state(): HostState {
    return this.#state;
  }

  nowMs(): number {
    return this.#time.nowMs();
  }

  monotonicMs(): number {
    return this.#time.monotonicMs();
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    let isCancelled = false;
    const fire = (): void => {
      if (isCancelled || this.#state === 'down') return;
      if (this.#state === 'frozen') this.#held.push(fire);
      else callback();
    };
    const timer = this.#time.setTimer(delayMs, fire);
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }

  freeze(): void {
    if (this.#state === 'up') this.#state = 'frozen';
  }

  /** Goes on: timers that became due meanwhile fire at once, in their order. */
  thaw(): void {
    if (this.#state !== 'frozen') return;
    this.#state = 'up';
    // Each in a turn of its own, as they would be.
    for (const fire of this.#held.splice(0)) this.#time.setTimer(0, fire);
    this.onThaw();
  }

  /** Ends the process: nothing on this host ever happens again. */
  kill(): void {
    this.#state = 'down';
    this.#held = [];
  }
}
