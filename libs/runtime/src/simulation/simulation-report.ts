import type { ProcessingGuarantee } from '../app/streams-app-options.js';
import type { Auditor } from './checks/auditor.js';
import type { Invariant } from './checks/violation.js';
import type { SimulatedWorld } from './world/simulated-world.js';

/** What came of a run. */
export interface SimulationReport {
  readonly seed: number;
  readonly guarantee: ProcessingGuarantee;
  /** The first violation; `atMs` since the start of the run's own time. Absent when all invariants held. */
  readonly violation?: { readonly invariant: Invariant; readonly message: string; readonly atMs: number };
  /** Stands for everything that went over the network, and when. */
  readonly digest: string;
  /** How often each fault fired. */
  readonly faults: Readonly<Record<string, number>>;
  /** Transactions of the application that were committed, and those that it aborted itself. */
  readonly commits: number;
  readonly aborts: number;
  /** Commits of offsets without a transaction, at least once. */
  readonly plainCommits: number;
  /** Generations of its group. */
  readonly generations: number;
  /** Processes that stood still while their group moved on, and those of them that were refused afterwards. */
  readonly zombies: number;
  readonly fenced: number;
  readonly inputRecords: number;
  readonly abortedRecords: number;
  /** Output records that were compared with their input. */
  readonly effects: number;
  /** Effects that came again, at least once. */
  readonly repeats: number;
  readonly virtualMs: number;
}

/** Sums a run up. */
export function reportOf(seed: number, world: SimulatedWorld, auditor: Auditor | undefined): SimulationReport {
  const { wire, counts, disturber, ledger, network, time, violation } = world;
  const { zombies } = disturber;
  return {
    seed,
    guarantee: world.guarantee,
    ...(violation !== undefined && {
      violation: {
        invariant: violation.found.invariant,
        message: violation.found.message,
        atMs: violation.atMs,
      },
    }),
    digest: network.digest(),
    faults: { ...counts.toJSON(), 'transaction-timeout': wire.timeouts },
    commits: wire.commits,
    aborts: wire.aborts,
    plainCommits: wire.plainCommits,
    generations: wire.generations,
    zombies: zombies.length,
    fenced: zombies.filter((zombie) => wire.refusalsOf(zombie.process.host.name) > zombie.refusalsBefore).length,
    inputRecords: ledger.size,
    abortedRecords: ledger.abortedCount,
    effects: auditor?.effects ?? 0,
    repeats: auditor?.repeats ?? 0,
    virtualMs: time.monotonicMs(),
  };
}
