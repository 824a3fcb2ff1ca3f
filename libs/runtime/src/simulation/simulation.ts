/**
 * One run of the simulation: the real runtime, several processes of it, the real client and the embedded broker in one
 * virtual time, with everything random drawn from one seed.
 *
 *   set up ──▶ sources write, faults strike, the auditor watches ──▶ all is healed ──▶ lag drains ──▶ everything stops
 *
 * Invariant: the same seed gives the same run, byte by byte and millisecond by millisecond.
 */
import { Admin, Cluster } from '@millrace/client';
import { Auditor } from './checks/auditor.js';
import { STOP_WITHIN_MS, comeToRest, heldStates } from './checks/rest.js';
import { Violation } from './checks/violation.js';
import { reportOf, type SimulationReport } from './simulation-report.js';
import { PART_TOPICS } from './workload/parts.js';
import { Sources } from './workload/sources.js';
import { INPUTS, OUTPUTS } from './workload/topologies.js';
import { SimulatedWorld, type SimulationOptions } from './world/simulated-world.js';
import { LivelockError } from './world/virtual-time.js';

/** For how long records are written and faults strike. */
const FAULTS_MS = 12_000;
const SETUP_WITHIN_MS = 60_000;

/** See the head of this file. One run at a time in a thread of Node: diagnostics channels are shared. */
export class Simulation {
  readonly #seed: number;
  readonly #options: SimulationOptions;
  readonly #world: SimulatedWorld;
  #auditor: Auditor | undefined;

  constructor(seed: number, options: SimulationOptions = {}) {
    this.#seed = seed;
    this.#options = options;
    this.#world = new SimulatedWorld(seed, options);
  }

  /** Runs it to its end, or to the first violation. */
  async run(): Promise<SimulationReport> {
    const world = this.#world;
    const unheard = (error: unknown): void =>
      world.violated(new Violation('nothing-dies', `a promise was rejected unheard: ${String(error)}`));
    process.on('unhandledRejection', unheard);
    try {
      await world.broker.start();
      await this.#live();
    } catch (error) {
      if (error instanceof LivelockError) world.violated(new Violation('nothing-hangs', error.message));
      else if (error instanceof Violation) world.violated(error);
      else throw error;
    } finally {
      await world.end();
      process.off('unhandledRejection', unheard);
    }
    return reportOf(this.#seed, world, this.#auditor);
  }

  async #live(): Promise<void> {
    const world = this.#world;
    const { ledger, wire, partitions, maxSourcePauseMs, defect, counts, handlers, disturber } = world;
    await world.within('the topics are made', SETUP_WITHIN_MS, this.#makeTopics());
    const forgotten = (): void => counts.fired('forgotten-transaction');
    const leaksAborted = (): boolean => defect.leaksAborted();
    const { parts } = world;
    const inputs = [...INPUTS, ...parts.flatMap((part) => PART_TOPICS[part].inputs)];
    const feeding = { ledger, partitions, inputs, maxPauseMs: maxSourcePauseMs, forgotten, leaksAborted };
    const sources = new Sources({ ...world.reliableHost('sources'), ...feeding });
    const mayRepeat = world.guarantee === 'at_least_once';
    const auditing = { ledger, wire, sink: world.sinkCheck, partitions, parts, mayRepeat, violated: world.violated };
    const auditor = new Auditor({ ...world.reliableHost('auditor'), ...auditing });
    this.#auditor = auditor;

    for (const slot of world.slots) slot.start();
    const wrote = sources.run();
    const audited = auditor.run();
    const disturbed = this.#options.isCalm === true ? Promise.resolve() : disturber.run();
    await world.pass(FAULTS_MS);
    sources.end();
    disturber.end();
    await world.within('sources and faults have ended', STOP_WITHIN_MS, Promise.all([wrote, disturbed]));
    handlers.isDisturbed = false;

    await comeToRest(world, auditor);
    for (const { store } of handlers.openStores) defect.spoil(store);
    const held = heldStates(world);
    await world.within('every process stops', STOP_WITHIN_MS, world.stopAll());
    auditor.end();
    await world.within('the auditor has read everything', STOP_WITHIN_MS, audited);
    auditor.compareStates(held);
  }

  async #makeTopics(): Promise<void> {
    const { host, dialer, random } = this.#world.reliableHost('admin');
    const cluster = new Cluster({ bootstrap: ['broker:9092'], clientId: 'admin', clock: host, random, dialer });
    await cluster.start();
    const { partitions, parts } = this.#world;
    const ofParts = parts.flatMap((part) => [...PART_TOPICS[part].inputs, ...PART_TOPICS[part].outputs]);
    await new Admin(cluster).createTopics([...INPUTS, ...OUTPUTS, ...ofParts].map((name) => ({ name, partitions })));
    await cluster.stop();
  }
}
