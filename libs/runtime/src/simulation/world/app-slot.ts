import { isMillraceError, type Lifecycle } from '@millrace/kernel';
import type { AppHealth, AppState, PartitionLag } from '../../app/app-state.js';
import { Violation } from '../checks/violation.js';
import { REQUEST_TIMEOUT_MS, SHUTDOWN_TIMEOUT_MS } from './app-makers.js';
import { SimulatedHost } from './simulated-host.js';
import type { SimulatedLink } from './simulated-link.js';
import type { SimulatedNetwork } from './simulated-network.js';
import type { VirtualTime } from './virtual-time.js';

/** After so long a supervisor starts again what could not be started. */
const SUPERVISION_MS = 1_000;
/** A stop that takes longer than this hangs: the patience of the shutdown, and one request. */
const STOP_WITHIN_MS = SHUTDOWN_TIMEOUT_MS + 2 * REQUEST_TIMEOUT_MS;

/** What runs in a process: an application of streams, or a sink. */
export interface SimulatedApp extends Lifecycle {
  readonly state: AppState;
  readonly finished: Promise<void>;
  health(): AppHealth;
  lag(): PartitionLag[];
  drained(): Promise<void>;
}

/** How a slot works. */
export interface SlotOptions {
  readonly time: VirtualTime;
  readonly network: SimulatedNetwork;
  /** Makes what runs in a process on this host. */
  readonly makeApp: (host: SimulatedHost) => SimulatedApp;
  /** Whether its processes have the slot's name as instance id, which is the same after a restart. */
  readonly isStatic: boolean;
  /** Whether a late copy of a join may have fenced a process of a slot. */
  readonly hasLateJoin: (slot: string) => boolean;
  readonly violated: (violation: Violation) => void;
}

/** A process of the application. */
export interface AppProcess {
  readonly host: SimulatedHost;
  readonly app: SimulatedApp;
  /** Another process has its instance id: it must end by an error. */
  isReplaced: boolean;
  isOver: boolean;
}

/** A place for a process of the application: when one ends, another one is started in it, as a supervisor does. */
export class AppSlot {
  readonly name: string;
  readonly #options: SlotOptions;
  readonly #replaced: AppProcess[] = [];
  #current: AppProcess | undefined;
  #starts = 0;
  #isClosed = false;

  constructor(name: string, options: SlotOptions) {
    this.name = name;
    this.#options = options;
  }

  get current(): AppProcess | undefined {
    return this.#current;
  }

  /** Processes that were replaced while they stood still, and have not ended. */
  get unendedZombies(): readonly AppProcess[] {
    return this.#replaced.filter(({ host, isOver }) => host.state === 'up' && !isOver);
  }

  get isStatic(): boolean {
    return this.#options.isStatic;
  }

  /** Starts a process in this slot, if there is none. */
  start(): void {
    if (this.#current !== undefined || this.#isClosed) return;
    const { time, network, makeApp } = this.#options;
    const host = new SimulatedHost(`${this.name}.${++this.#starts}`, time);
    host.onThaw = () => network.flow(host);
    const app = makeApp(host);
    const process: AppProcess = { host, app, isReplaced: false, isOver: false };
    this.#current = process;
    // A start that fails for now is tried again by the supervisor, as the documentation of StreamsApp asks for.
    app.start().then(
      () => app.finished.catch((error: unknown) => this.#ended(process, error, false)),
      (error: unknown) => this.#ended(process, error, true),
    );
  }

  /** Ends the process without a word. @param flushed a connection on which what was sent still arrives. */
  crash(flushed?: SimulatedLink): void {
    const process = this.#current;
    if (process === undefined) return;
    const { network } = this.#options;
    process.host.kill();
    process.isOver = true;
    flushed?.abandon(true);
    network.abandon(process.host);
    this.#current = undefined;
  }

  /** Stops the process in order. */
  async stop(): Promise<void> {
    const process = this.#current;
    if (process === undefined) return;
    this.#current = undefined;
    await this.#stopped(process);
  }

  /** Stops the process in order, for good. */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.stop();
  }

  /** Gives the slot to a new process although the old one, which stands still, will go on. */
  replace(): void {
    const process = this.#current;
    if (process === undefined) return;
    process.isReplaced = true;
    this.#replaced.push(process);
    this.#current = undefined;
    this.start();
  }

  async #stopped(process: AppProcess): Promise<void> {
    const { time, violated } = this.#options;
    const startedMs = time.monotonicMs();
    const overdue = (): void => {
      if (process.isOver) return;
      if (process.host.state === 'up' && !process.host.isCutIn && !process.host.isCutOut) {
        violated(new Violation('nothing-hangs', `${process.host.name} has not stopped after ${STOP_WITHIN_MS} ms`));
      }
    };
    time.setTimer(STOP_WITHIN_MS, overdue);
    try {
      await process.app.stop();
    } catch (error) {
      violated(unexpectedEnd(process, error, time.monotonicMs() - startedMs));
    }
    process.isOver = true;
  }

  #ended(process: AppProcess, error: unknown, isStarting: boolean): void {
    if (process.isOver) return;
    process.isOver = true;
    if (process === this.#current) this.#current = undefined;
    process.host.kill();
    this.#options.network.abandon(process.host);
    const isForNow = isStarting && isMillraceError(error) && error.disposition === 'retry';
    // Of two processes with one instance id, the one that joined first is fenced: not always the older one.
    // One that was still stopping when its successor came is fenced by that one.
    const isSucceeded = this.#current !== undefined && this.#current !== process;
    const hasTwin = isSucceeded || this.#replaced.some(({ isOver }) => !isOver);
    const isTwice = hasTwin || this.#options.hasLateJoin(this.name);
    const isFenced = isMillraceError(error) && error.code === 'MR_TASK_FENCED';
    const wasReplaced = process.isReplaced || (isTwice && isFenced);
    const { time, violated } = this.#options;
    if (!isForNow && !wasReplaced) violated(unexpectedEnd(process, error, time.monotonicMs()));
    time.setTimer(SUPERVISION_MS, () => this.start());
  }
}

function unexpectedEnd({ host }: AppProcess, error: unknown, ms: number): Violation {
  const code = isMillraceError(error) ? `${error.code}: ` : '';
  const message = error instanceof Error ? error.message : String(error);
  return new Violation('nothing-dies', `${host.name} ended after ${ms} ms by ${code}${message}`, { cause: error });
}
