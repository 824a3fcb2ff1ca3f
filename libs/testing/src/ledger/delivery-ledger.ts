import { appendFileSync } from 'node:fs';
import { LEDGER_FILE_VARIABLE, ledgerTable, type LedgerRow } from './ledger-table.js';

/** Ids that a message about a violation names at most. */
const NAMED_IDS = 5;

/**
 * What was sent, and what became of it, for one test of a fault. Every record carries an id of its own; each is entered before it is sent,
 * when its sender was told that it is there for good, and each time that a reader of what is committed meets its effect.
 *
 * - *doubled*: its effect was seen more than once;
 * - *lost*: it was acknowledged, and its effect was not seen;
 * - *leaked*: its effect was seen although it was taken back, or although nobody has sent it.
 *
 * A record whose sender never learned what became of it may be seen once or not at all.
 */
export class DeliveryLedger {
  readonly #fault: string;
  readonly #evidence: string[] = [];
  readonly #sent = new Set<string>();
  readonly #acknowledged = new Set<string>();
  readonly #takenBack = new Set<string>();
  readonly #seen = new Map<string, number>();

  /** @param fault What fails, as it stands in the table. */
  constructor(fault: string) {
    this.#fault = fault;
  }

  /** Enters the fault's trace: something observed that is there only if the fault struck, such as `leader of in-0: 2 → 3`. */
  fired(evidence: string): void {
    this.#evidence.push(evidence);
  }

  /** Enters records that are about to be sent. @throws {Error} for an id that was sent before. */
  sent(...ids: readonly string[]): void {
    for (const id of ids) {
      if (this.#sent.has(id)) throw new Error(`the id ${id} was sent before: every record needs one of its own`);
      this.#sent.add(id);
    }
  }

  /** Enters records whose sender knows that they are there for good. */
  acknowledged(...ids: readonly string[]): void {
    for (const id of ids) this.#acknowledged.add(id);
  }

  /** Enters records that were sent and are never to have an effect: those of an aborted transaction. */
  takenBack(...ids: readonly string[]): void {
    for (const id of ids) this.#takenBack.add(id);
  }

  /** Enters what a reader of committed data has seen: an id for each effect, in any order, doubled ones as often as they are there. */
  seen(...ids: readonly string[]): void {
    for (const id of ids) this.#seen.set(id, (this.#seen.get(id) ?? 0) + 1);
  }

  /** Ids of acknowledged records. */
  get acknowledgedIds(): ReadonlySet<string> {
    return this.#acknowledged;
  }

  /** Ids of acknowledged records whose effect was not seen. */
  get lostIds(): string[] {
    return [...this.#acknowledged].filter((id) => !this.#takenBack.has(id) && !this.#seen.has(id));
  }

  /** Ids whose effect was seen more than once. */
  get doubledIds(): string[] {
    return [...this.#seen].filter(([, times]) => times > 1).map(([id]) => id);
  }

  /** Ids whose effect was seen and must not be. */
  get leakedIds(): string[] {
    return [...this.#seen.keys()].filter((id) => this.#takenBack.has(id) || !this.#sent.has(id));
  }

  get row(): LedgerRow {
    return {
      fault: this.#fault,
      fired: this.#evidence.join('; '),
      sent: this.#sent.size,
      acknowledged: this.#acknowledged.size,
      seen: this.#seen.size,
      doubled: this.doubledIds.length,
      lost: this.lostIds.length,
      leaked: this.leakedIds.length,
    };
  }

  /** What is wrong, a sentence each; none when the test proves what it is for. */
  problems(): string[] {
    const problems: string[] = [];
    if (this.#evidence.length === 0) problems.push('nothing shows that the fault has fired');
    if (this.#acknowledged.size === 0) problems.push('no record was acknowledged: there is nothing to lose');
    const violations = { doubled: this.doubledIds, lost: this.lostIds, leaked: this.leakedIds };
    for (const [what, ids] of Object.entries(violations)) {
      if (ids.length > 0) problems.push(`${ids.length} ${what}: ${ids.slice(0, NAMED_IDS).join(', ')}`);
    }
    return problems;
  }

  /**
   * Prints the row, and adds it to the table of the run where there is one.
   *
   * @throws {Error} that tells every problem.
   */
  settle(): void {
    process.stdout.write(`${ledgerTable([this.row])}\n`);
    const file = process.env[LEDGER_FILE_VARIABLE];
    if (file !== undefined) appendFileSync(file, `${JSON.stringify(this.row)}\n`);
    const problems = this.problems();
    if (problems.length > 0) throw new Error(`${this.#fault}: ${problems.join('; ')}`);
  }
}
