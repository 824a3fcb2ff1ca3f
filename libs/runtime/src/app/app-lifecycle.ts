import type { Clock } from '@millrace/kernel';
import { checkAppTransition, type AppState } from './app-state.js';
import { Completion } from './completion.js';

/** What an {@link AppLifecycle} leads from start to end. */
export interface AppLifecycleParts {
  /** Names it in errors, such as "the sink 'totals'". */
  readonly what: string;
  readonly clock: Clock;
  /** How long {@link close} may take before the connections are cut, in milliseconds. */
  readonly shutdownTimeoutMs: number;
  /** Commits, leaves the group and disconnects, also after a start that failed half-way. */
  readonly close: () => Promise<void>;
  /** Ends all connections: everything that still waits for a broker fails at once. */
  readonly cutConnections: () => void;
}

/**
 * The way of an application or sink through its states.
 *
 * Invariants: it is closed once, however many ask for that; the first failure is the one that {@link finished} tells; after
 * a failure it is closed without waiting for {@link stop}, so that others get its partitions at once.
 */
export class AppLifecycle {
  readonly #parts: AppLifecycleParts;
  readonly #completion = new Completion();
  #state: AppState = 'CREATED';
  #closed: Promise<void> | undefined;
  /** Stopping took too long: what fails from now on fails because the connections were cut. */
  #isCut = false;

  constructor(parts: AppLifecycleParts) {
    this.#parts = parts;
  }

  get state(): AppState {
    return this.#state;
  }

  /** Resolves when it has been stopped; rejects with the error that ended it otherwise. */
  get finished(): Promise<void> {
    return this.#completion.promise;
  }

  /** Never resolves; rejects with the error that ended it. */
  get failure(): Promise<never> {
    return this.#completion.failure;
  }

  /** Calls `open`, and closes again when that fails. Throws as `open`. */
  async start(open: () => Promise<void>): Promise<void> {
    this.#moveTo('STARTING');
    try {
      await open();
    } catch (error) {
      this.#state = 'ERROR';
      await this.#close();
      throw error;
    }
    this.#moveTo('RUNNING');
  }

  /** Closes, and tells of what goes wrong then. */
  async stop(): Promise<void> {
    if (this.#state === 'CREATED') return;
    if (this.#state === 'STARTING' || this.#state === 'RUNNING') this.#moveTo('PENDING_SHUTDOWN');
    await this.#close();
    if (this.state !== 'PENDING_SHUTDOWN') return;
    this.#moveTo('STOPPED');
    this.#completion.resolve();
  }

  /** Something ended it. */
  readonly fail = (error: unknown): void => {
    if (this.#state === 'STOPPED' || this.#state === 'ERROR') return;
    if (this.#isCut && this.#state === 'PENDING_SHUTDOWN') return;
    this.#moveTo('ERROR');
    this.#completion.reject(error);
    this.#close().catch(() => undefined);
  };

  #close(): Promise<void> {
    this.#closed ??= this.#closeInTime();
    return this.#closed;
  }

  async #closeInTime(): Promise<void> {
    const { clock, shutdownTimeoutMs, close, cutConnections } = this.#parts;
    const cut = (): void => {
      this.#isCut = true;
      cutConnections();
    };
    const patience = clock.setTimer(shutdownTimeoutMs, cut, { unref: true });
    try {
      await close();
    } finally {
      patience.cancel();
    }
  }

  #moveTo(state: AppState): void {
    checkAppTransition(this.#parts.what, this.#state, state);
    this.#state = state;
  }
}
