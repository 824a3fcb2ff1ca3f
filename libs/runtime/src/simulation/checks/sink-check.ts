import { topics } from '../workload/topologies.js';
import type { SimulatedDatabase } from '../world/simulated-database.js';
import { Violation } from './violation.js';

interface Written {
  readonly offset: number;
  readonly value: unknown;
}

/** The sink has what stands in its topic, row by row, up to the offset that it keeps; its group commits no more than that. */
export class SinkCheck {
  readonly #database: SimulatedDatabase;
  readonly #written = new Map<number, Written[]>();
  /** Rows that were compared, by partition. */
  readonly #compared = new Map<number, number>();

  constructor(database: SimulatedDatabase) {
    this.#database = database;
  }

  /** Takes the next committed record of the topic. */
  take(partition: number, offset: number, value: unknown): void {
    const known = this.#written.get(partition);
    if (known === undefined) this.#written.set(partition, [{ offset, value }]);
    else known.push({ offset, value });
  }

  /** Rows that are to come. */
  missing(): number {
    let missing = 0;
    for (const [partition, written] of this.#written) missing += written.length - this.#rowsOf(partition).length;
    return missing;
  }

  /** Compares the rows that are new with what was read of the topic. @throws {Violation} */
  compare(): void {
    for (const [partition, written] of this.#written) {
      const { rows } = this.#database.of({ topic: topics.mapped.name, partition });
      let at = this.#compared.get(partition) ?? 0;
      for (; at < rows.length && at < written.length; at++) {
        const [row, record] = [rows[at], written[at]] as [Written, Written];
        if (row.offset === record.offset && row.value === record.value) continue;
        const message = `row ${at} of partition ${partition} is of offset ${row.offset} instead of ${record.offset}`;
        throw new Violation('sinks-agree', message);
      }
      this.#compared.set(partition, at);
    }
  }

  /** The group of the sink has committed an offset. @throws {Violation} when the sink has less. */
  committed(topic: string, partition: number, offset: number): void {
    const { nextOffset } = this.#database.of({ topic, partition });
    if (offset <= (nextOffset ?? 0)) return;
    const message = `${topic}-${partition}: ${offset} is committed for the sink, which has what lies below ${nextOffset ?? 0}`;
    throw new Violation('sinks-agree', message);
  }

  /** At the end: nothing is there that was never written. @throws {Violation} */
  verify(): void {
    this.compare();
    const surplus = [...this.#written.keys()].find(
      (partition) => this.#rowsOf(partition).length !== this.#written.get(partition)?.length,
    );
    if (surplus === undefined) return;
    const counts = `${this.#rowsOf(surplus).length} rows instead of ${this.#written.get(surplus)?.length}`;
    throw new Violation('sinks-agree', `partition ${surplus} has ${counts}`);
  }

  #rowsOf(partition: number): readonly unknown[] {
    return this.#database.of({ topic: topics.mapped.name, partition }).rows;
  }
}
