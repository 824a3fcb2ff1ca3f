import { SeededRandom, nextInt, type Dialer, type Random } from '@millrace/kernel';
import type { ProcessingGuarantee } from '../../app/streams-app-options.js';
import { SinkCheck } from '../checks/sink-check.js';
import { Violation, type Invariant } from '../checks/violation.js';
import { WireAudit } from '../checks/wire-audit.js';
import { Defect } from '../faults/defects.js';
import { Disturber } from '../faults/disturber.js';
import { CUT_POINTS, FaultCounts } from '../faults/fault-counts.js';
import { Handlers } from '../workload/handlers.js';
import { InputLedger } from '../workload/input-ledger.js';
import { PARTS, type PartName } from '../workload/parts.js';
import { APPLICATION_ID } from '../workload/topologies.js';
import { SINK_NAME, sinkMaker, streamsMaker } from './app-makers.js';
import { AppSlot } from './app-slot.js';
import { SimulatedDatabase } from './simulated-database.js';
import { SimulatedBroker } from './simulated-broker.js';
import { SimulatedHost } from './simulated-host.js';
import { SimulatedNetwork, type NetworkObserver } from './simulated-network.js';
import { VirtualTime } from './virtual-time.js';

/** What else a run is told besides its seed. */
export interface SimulationOptions {
  /** A defect that breaks this invariant, to see that its checker notices. Default: none. */
  readonly defect?: Invariant;
  /** Whether nothing fails but what the defect does. Default false. */
  readonly isCalm?: boolean;
  /** Default: the seed decides; one run in six is at least once, but for runs with a defect. */
  readonly guarantee?: ProcessingGuarantee;
  /**
   * How long the application may take to come to rest after the last fault, in milliseconds. Default 180 000: longer than all
   * timeouts that recovery may have to wait for, one after the other.
   */
  readonly patienceMs?: number;
}

/** A host whose network never fails, and how it reaches the broker. */
export interface ReliableHost {
  readonly host: SimulatedHost;
  readonly dialer: Dialer;
  readonly random: Random;
}

const DEFAULT_PATIENCE_MS = 180_000;
/** How many of all runs have each of the parts that not all have. */
const PART_SHARE = 1 / 4;
const START_MS = 1_700_000_000_000;

/** Everything that a seed makes: time, network, broker and processes, and what goes wrong with them. */
export class SimulatedWorld {
  readonly time = new VirtualTime(START_MS);
  readonly counts = new FaultCounts();
  readonly ledger = new InputLedger();
  readonly wire: WireAudit;
  readonly defect: Defect;
  readonly broker: SimulatedBroker;
  /** What the sink writes to, and its check, in runs that have one. */
  readonly database: SimulatedDatabase | undefined;
  readonly sinkCheck: SinkCheck | undefined;
  readonly network: SimulatedNetwork;
  readonly handlers: Handlers;
  readonly slots: readonly AppSlot[];
  readonly disturber: Disturber;
  readonly partitions: number;
  /** Which of the parts its application has that not all have. */
  readonly parts: readonly PartName[];
  readonly guarantee: ProcessingGuarantee;
  /** Longest pause between two sends of a source, in milliseconds. */
  readonly maxSourcePauseMs: number;
  readonly patienceMs: number;
  readonly #seed: number;
  #violation: Violation | undefined;
  #violatedAtMs = 0;

  constructor(seed: number, options: SimulationOptions) {
    this.#seed = seed;
    const { time, counts, ledger } = this;
    this.patienceMs = options.patienceMs ?? DEFAULT_PATIENCE_MS;
    const shape = this.random('shape');
    const isAtLeastOnce = shape.next() < 1 / 6 && options.defect === undefined;
    this.guarantee = options.guarantee ?? (isAtLeastOnce ? 'at_least_once' : 'exactly_once');
    this.wire = new WireAudit(APPLICATION_ID, this.violated, (groupId, topic, partition, offset) =>
      this.#committedForSink(groupId, topic, partition, offset),
    );
    this.defect = new Defect(options.defect, ledger);
    const hasSink = options.defect === 'sinks-agree' || shape.next() < PART_SHARE;
    this.database = hasSink
      ? new SimulatedDatabase(this.random('database'), (batch) => this.defect.sunk(batch.records))
      : undefined;
    this.sinkCheck = this.database === undefined ? undefined : new SinkCheck(this.database);
    this.partitions = 1 + nextInt(shape, 4);
    this.maxSourcePauseMs = 100 + nextInt(shape, 500);
    this.broker = new SimulatedBroker({
      clock: time,
      random: this.random('broker'),
      transactionVersion: shape.next() < 0.7 ? 2 : 1,
      groupInitialRebalanceDelayMs: nextInt(shape, 2) * 200,
    });
    this.network = new SimulatedNetwork({
      time,
      random: this.random('network'),
      broker: this.broker,
      maxDelayMs: 2 + nextInt(shape, 20),
      observer: this.#observer(),
    });
    this.parts = PARTS.filter(() => shape.next() < PART_SHARE);
    const slowShare = shape.next() < 0.5 ? 0.05 : 0;
    const failureShare = shape.next() < 0.5 ? 0.004 : 0;
    const handling = { random: this.random('handlers'), counts, defect: this.defect, slowShare, failureShare };
    this.handlers = new Handlers(handling, options.isCalm !== true);
    this.slots = this.#makeSlots(shape);
    this.disturber = new Disturber({
      time,
      random: this.random('faults'),
      network: this.network,
      broker: this.broker,
      cutPoints: CUT_POINTS[this.guarantee],
      restartsBroker: shape.next() < 1 / 3,
      slots: this.slots,
      audit: this.wire,
      counts,
      maxQuietMs: 200 + nextInt(shape, 2_500),
    });
  }

  /** The first violation, and when it was found. */
  get violation(): { readonly found: Violation; readonly atMs: number } | undefined {
    return this.#violation === undefined ? undefined : { found: this.#violation, atMs: this.#violatedAtMs };
  }

  /** Takes note of a violation; only the first counts, as others may follow from it. */
  readonly violated = (violation: Violation): void => {
    if (this.#violation !== undefined) return;
    this.#violation = violation;
    this.#violatedAtMs = this.time.monotonicMs();
  };

  /** A sequence of its own for each name, so that one part's draws do not shift another's. */
  random(name: string): Random {
    let mixed = this.#seed | 0;
    for (const character of name) mixed = Math.imul(mixed ^ character.charCodeAt(0), 0x01000193);
    return new SeededRandom(mixed);
  }

  /** A host for those who watch and feed the application. */
  reliableHost(name: string): ReliableHost {
    const host = new SimulatedHost(name, this.time);
    return { host, dialer: this.network.dialer(host), random: this.random(name) };
  }

  /** Lets time pass until `isDone`. @returns whether it is. @throws {Violation} the first that was found. */
  async pass(ms: number, isDone: () => boolean = () => false): Promise<boolean> {
    const untilMs = this.time.monotonicMs() + ms;
    const wasDone = await this.time.run(() => this.#violation !== undefined || isDone(), untilMs);
    if (this.#violation !== undefined) throw this.#violation;
    return wasDone;
  }

  /** Waits for a promise. @throws {Violation} `nothing-hangs` when it is not settled in time. */
  async within<T>(what: string, withinMs: number, promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = promise.finally(() => (isSettled = true));
    settled.catch(() => undefined);
    if (await this.pass(withinMs, () => isSettled)) return settled;
    throw new Violation('nothing-hangs', `it has not come to be that ${what} within ${withinMs} ms`);
  }

  /** Stops the application for good. */
  async stopAll(): Promise<void> {
    await Promise.all(this.slots.map((slot) => slot.close()));
  }

  /** Ends everything, whatever state it is in. */
  async end(): Promise<void> {
    for (const slot of this.slots) slot.crash();
    this.wire.close();
    await this.broker.stop();
  }

  #committedForSink(groupId: string, topic: string, partition: number, offset: number): void {
    if (groupId !== SINK_NAME) return;
    try {
      this.sinkCheck?.committed(topic, partition, offset);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.violated(error);
    }
  }

  #makeSlots(shape: Random): AppSlot[] {
    const count = 2 + nextInt(shape, 2);
    const { network, time, database } = this;
    const making = {
      network,
      behaviourOf: (host: SimulatedHost) => this.handlers.of(host),
      parts: this.parts,
      callOrder: shape.next() < 0.5 ? ('ordered' as const) : ('per-key' as const),
      isStatic: shape.next() < 0.5,
      threads: shape.next() < 0.25 ? 2 : 1,
      processingGuarantee: this.guarantee,
      commitIntervalMs: 20 + nextInt(shape, 150),
      // Longer than a session, a dead process's transaction is still open while others go on with its tasks.
      transactionTimeoutMs: shape.next() < 0.3 ? 12_000 : 4_000,
      hasDisk: shape.next() < 0.5,
      standbyReplicas: nextInt(shape, 2),
    };
    const { isStatic } = making;
    const hasLateJoin = (slot: string): boolean => this.wire.hasLateJoin(slot);
    const slotting = { time, network, isStatic, hasLateJoin, violated: this.violated };
    const slots = Array.from({ length: count }, (_, nth) => {
      const name = `app-${nth}`;
      return new AppSlot(name, { ...slotting, makeApp: streamsMaker(name, this.random(name), making) });
    });
    if (database === undefined) return slots;
    const sinks = ['sink-0', 'sink-1'].map((name) => {
      const makeApp = sinkMaker(name, this.random(name), { network, isStatic, database });
      return new AppSlot(name, { ...slotting, makeApp });
    });
    return [...slots, ...sinks];
  }

  #observer(): NetworkObserver {
    return {
      requestSent: (frame) => {
        const bytes = this.defect.request(frame);
        if (bytes === undefined) return undefined;
        this.wire.requestSent({ ...frame, bytes });
        return this.disturber.requestSent(frame) ? undefined : bytes;
      },
      requestArrives: (frame) => this.wire.requestArrives(frame),
      answerSent: (frame) => {
        const bytes = this.defect.answer(frame.bytes, this.wire.requestOf(frame));
        this.wire.answerSent({ ...frame, bytes });
        return bytes;
      },
    };
  }
}
