import { TransientError, nextInt, type Random } from '@millrace/kernel';
import type { KeyValueStore } from '@millrace/streams';
import type { Defect } from '../faults/defects.js';
import type { FaultCounts } from '../faults/fault-counts.js';
import type { SimulatedHost } from '../world/simulated-host.js';
import type { Folded } from './folded.js';
import type { HandlerBehaviour } from './topologies.js';

/** The store of a task, on the process that has it. */
export interface OpenStore {
  readonly host: SimulatedHost;
  readonly partition: number;
  readonly store: KeyValueStore<string, Folded>;
}

/** How handlers behave. */
export interface HandlersOptions {
  readonly random: Random;
  readonly counts: FaultCounts;
  readonly defect: Defect;
  /** Share of the records that take time, and of those that fail for now. */
  readonly slowShare: number;
  readonly failureShare: number;
}

const MAX_WORK_MS = 40;
/** One in so many records needs what is away for some tries. */
const AWAY_EVERY = 8;
const MAX_TRIES_AWAY = 2;

/** What all handlers of a run have in common: they take time, fail for now, and know the stores of running tasks. */
export class Handlers {
  readonly #options: HandlersOptions;
  readonly #stores = new Set<OpenStore>();
  readonly #triesAway = new Map<number, number>();
  /** Whether handlers may still fail. */
  isDisturbed: boolean;

  constructor(options: HandlersOptions, isDisturbed: boolean) {
    this.#options = options;
    this.isDisturbed = isDisturbed;
  }

  /** The stores of tasks that no crash has ended. */
  get openStores(): readonly OpenStore[] {
    return [...this.#stores].filter(({ host }) => host.state === 'up');
  }

  /** The behaviour of the handlers of one process. */
  of(host: SimulatedHost): HandlerBehaviour {
    const { defect } = this.#options;
    return {
      handle: (stage, id) => defect.handle(stage, id) ?? this.#handle(host),
      reorder: (id) => defect.reorder(id),
      call: (id) => this.#call(host, id),
      mayBeAway: (id) => this.#mayBeAway(id),
      storeOpened: (partition, store) => void this.#stores.add({ host, partition, store }),
      storeClosed: (_partition, store) => {
        for (const open of this.#stores) if (open.store === store) this.#stores.delete(open);
      },
    };
  }

  async #call(host: SimulatedHost, id: number): Promise<number> {
    const { random } = this.#options;
    await new Promise<void>((resolve) => host.setTimer(nextInt(random, MAX_WORK_MS), resolve));
    await this.#handle(host);
    return id;
  }

  #mayBeAway(id: number): void {
    const tries = this.#triesAway.get(id) ?? 0;
    if (!this.isDisturbed || id % AWAY_EVERY !== 0 || tries >= 1 + (id % MAX_TRIES_AWAY)) return;
    this.#triesAway.set(id, tries + 1);
    this.#options.counts.fired('handler-failure');
    throw new TransientError('MR_DEPENDENCY_UNAVAILABLE', 'what the record needs is away for some tries');
  }

  #handle(host: SimulatedHost): number | Promise<number> {
    const { random, counts, slowShare, failureShare } = this.#options;
    if (!this.isDisturbed) return 1;
    const chance = random.next();
    if (chance < failureShare) {
      counts.fired('handler-failure');
      throw new TransientError('MR_DEPENDENCY_TIMEOUT', 'what the handler needs is away for now');
    }
    if (chance >= failureShare + slowShare) return 1;
    counts.fired('slow-handler');
    return new Promise((resolve) => host.setTimer(1 + nextInt(random, MAX_WORK_MS), () => resolve(1)));
  }
}
