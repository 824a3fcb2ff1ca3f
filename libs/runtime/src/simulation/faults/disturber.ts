import { nextInt, type Random } from '@millrace/kernel';
import { apis } from '@millrace/protocol';
import type { WireAudit } from '../checks/wire-audit.js';
import { SESSION_TIMEOUT_MS } from '../world/app-makers.js';
import type { AppProcess, AppSlot } from '../world/app-slot.js';
import type { SimulatedBroker } from '../world/simulated-broker.js';
import type { SimulatedHost } from '../world/simulated-host.js';
import type { Direction } from '../world/simulated-link.js';
import type { Frame, SimulatedNetwork } from '../world/simulated-network.js';
import type { VirtualTime } from '../world/virtual-time.js';
import { type CutPoint, type Fault, type FaultCounts } from './fault-counts.js';

/** What a disturber works on. */
export interface DisturberOptions {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly network: SimulatedNetwork;
  readonly broker: SimulatedBroker;
  /** Whether the broker, too, is stopped and killed, and started again. */
  readonly restartsBroker: boolean;
  readonly slots: readonly AppSlot[];
  readonly audit: WireAudit;
  readonly counts: FaultCounts;
  /** Requests at which traps are set. */
  readonly cutPoints: readonly CutPoint[];
  /** Longest quiet between two faults, in milliseconds. */
  readonly maxQuietMs: number;
}

/** A process that stood still while its group moved on. */
export interface Zombie {
  readonly process: AppProcess;
  readonly refusalsBefore: number;
  readonly generationBefore: number;
}

interface Trap {
  readonly api: CutPoint;
  readonly what: 'crash-before' | 'crash-after' | 'reset-before' | 'reset-after';
}

type Strike = (slot: AppSlot) => Promise<void> | void;

const MAX_DOWN_MS = 4_000;
/** Half of the times the broker is away for a moment only: many requests are under way when it is back. */
const MAX_BROKER_DOWN_MS = 4_000;
const MAX_CUT_MS = 7_000;
const MAX_LATENESS_MS = 2_500;

/** Makes things go wrong, at random times and places, until it is told to end. */
export class Disturber {
  readonly #options: DisturberOptions;
  readonly #strikes: readonly Strike[];
  readonly #traps: Trap[] = [];
  readonly #pending = new Set<Promise<void>>();
  readonly zombies: Zombie[] = [];
  #isOver = false;

  constructor(options: DisturberOptions) {
    this.#options = options;
    const { network } = options;
    this.#strikes = [
      (slot) => this.#crash(slot),
      (slot) => this.#leave(slot),
      (slot) => this.#freeze(slot),
      (slot) => this.#cut(slot, 'cut', ['to-broker', 'to-client']),
      (slot) => this.#cut(slot, 'cut-out', ['to-broker']),
      (slot) => this.#cut(slot, 'cut-in', ['to-client']),
      (slot) => this.#lose('reset', slot.current === undefined ? [] : network.linksOf(slot.current.host)),
      (slot) => this.#lateArrival(slot),
      () => this.#lose('broker-reset', options.slots.flatMap(({ current }) => current === undefined ? [] : network.linksOf(current.host))), // prettier-ignore
      () => this.#setTrap(),
      () => this.#setTrap(),
      () => this.#setTrap(),
      ...(options.restartsBroker ? [() => this.#restartBroker(), () => this.#restartBroker()] : []),
    ];
  }

  /** Disturbs until {@link end}; resolves when everything that it broke is whole again. */
  async run(): Promise<void> {
    const { time, random, maxQuietMs, slots } = this.#options;
    while (!this.#isOver) {
      await time.sleep(100 + nextInt(random, maxQuietMs));
      if (this.#isOver) break;
      const strike = this.#strikes[nextInt(random, this.#strikes.length)] as Strike;
      const slot = slots[nextInt(random, slots.length)] as AppSlot;
      const struck = Promise.resolve(strike(slot)).finally(() => this.#pending.delete(struck));
      this.#pending.add(struck);
    }
    this.#traps.length = 0;
    await Promise.all(this.#pending);
  }

  end(): void {
    this.#isOver = true;
  }

  /** A host is about to send a request. @returns whether it is lost. */
  requestSent({ host, link, bytes }: Frame): boolean {
    const { counts, time, random } = this.#options;
    const slot = this.#options.slots.find(({ current }) => current?.host === host);
    if (slot === undefined || this.#traps.length === 0) return false;
    const apiKey = bytes.readInt16BE(4);
    const at = this.#traps.findIndex(({ api }) => apis[api].key === apiKey);
    const [trap] = at < 0 ? [] : this.#traps.splice(at, 1);
    if (trap === undefined) return false;
    counts.fired(`${trap.what}-${trap.api}`);
    // In a turn of its own: the process is in the middle of writing.
    time.setTimer(0, () => {
      if (trap.what === 'crash-before' || trap.what === 'crash-after') this.#fall(slot, host, trap, link);
      else if (trap.what === 'reset-before') link.reset();
      else link.resetWithLateArrival(nextInt(random, MAX_LATENESS_MS));
    });
    return trap.what === 'crash-before' || trap.what === 'reset-before';
  }

  #fall(slot: AppSlot, host: SimulatedHost, { what }: Trap, link: Frame['link']): void {
    if (slot.current?.host !== host) return;
    slot.crash(what === 'crash-after' ? link : undefined);
    this.#restartLater(slot);
  }

  #crash(slot: AppSlot): void {
    if (slot.current === undefined) return;
    this.#options.counts.fired('crash');
    slot.crash();
    this.#restartLater(slot);
  }

  #restartLater(slot: AppSlot): void {
    const { time, random } = this.#options;
    time.setTimer(1 + nextInt(random, MAX_DOWN_MS), () => slot.start());
  }

  async #leave(slot: AppSlot): Promise<void> {
    if (slot.current === undefined || slot.current.app.state !== 'RUNNING') return;
    const { counts, time, random } = this.#options;
    counts.fired('leave');
    await slot.stop();
    await time.sleep(1 + nextInt(random, MAX_DOWN_MS));
    slot.start();
  }

  async #freeze(slot: AppSlot): Promise<void> {
    const process = slot.current;
    if (process === undefined || process.host.state !== 'up') return;
    const { counts, time, random, audit } = this.#options;
    const { host } = process;
    const generation = audit.generationOf(host.name);
    const wasMember = generation === audit.generation;
    host.freeze();
    if (slot.isStatic && random.next() < 0.5) {
      counts.fired('replaced');
      slot.replace();
      await time.sleep(1_000 + nextInt(random, 3_000));
    } else {
      counts.fired('zombie');
      await time.sleep(SESSION_TIMEOUT_MS + 1_500 + nextInt(random, 3_000));
    }
    if (host.state !== 'frozen') return;
    const wasLeftBehind = wasMember && audit.generation > audit.generationOf(host.name);
    if (wasLeftBehind) {
      const refusalsBefore = audit.refusalsOf(host.name);
      this.zombies.push({ process, refusalsBefore, generationBefore: audit.generationOf(host.name) });
    }
    host.thaw();
  }

  async #cut(slot: AppSlot, fault: Fault, directions: readonly Direction[]): Promise<void> {
    const host = slot.current?.host;
    if (host === undefined || host.isCutIn || host.isCutOut) return;
    const { counts, time, random, network } = this.#options;
    counts.fired(fault);
    network.cut(host, directions);
    await time.sleep(50 + nextInt(random, MAX_CUT_MS));
    network.heal(host);
  }

  #lose(fault: Fault, links: readonly Frame['link'][]): void {
    if (links.length === 0) return;
    this.#options.counts.fired(fault);
    for (const link of links) link.reset();
  }

  async #restartBroker(): Promise<void> {
    const { counts, time, random, network, broker } = this.#options;
    if (!broker.isUp) return;
    counts.fired('broker-restart');
    // Killed: what is on its way is lost. Stopped: what it has sent still arrives.
    if (random.next() < 0.5) network.resetAll();
    await broker.stop();
    await time.sleep(1 + nextInt(random, random.next() < 0.5 ? 100 : MAX_BROKER_DOWN_MS));
    await broker.start();
  }

  #lateArrival(slot: AppSlot): void {
    const { counts, random, network } = this.#options;
    if (slot.current === undefined) return;
    const links = network.linksOf(slot.current.host);
    if (links.length === 0) return;
    counts.fired('late-arrival');
    const latenessMs = nextInt(random, MAX_LATENESS_MS);
    for (const link of links) link.resetWithLateArrival(latenessMs);
  }

  #setTrap(): void {
    const { random, cutPoints } = this.#options;
    const api = cutPoints[nextInt(random, cutPoints.length)] as CutPoint;
    const whats = ['crash-before', 'crash-after', 'reset-before', 'reset-after'] as const;
    this.#traps.push({ api, what: whats[nextInt(random, whats.length)] as Trap['what'] });
  }
}
