import type { DataSource } from 'typeorm';
import { withSession } from '../connection/session.js';

/**
 * Sees to it that a table partitioned by month has the partitions that rows need.
 *
 * Asks the database once a month and process; `ensure_month_partition` (a migration) does the work and may be called by
 * many at a time.
 */
export class MonthlyPartitions {
  readonly #table: string;
  readonly #column: string;
  readonly #known = new Set<string>();

  /** @param column Column by which the table is partitioned. */
  constructor(table: string, column: string) {
    this.#table = table;
    this.#column = column;
  }

  /**
   * Creates what is missing, in transactions of its own.
   *
   * @param moments ISO 8601 texts in UTC: of times or dates.
   */
  async ensure(dataSource: DataSource, signal: AbortSignal, moments: readonly unknown[]): Promise<void> {
    const missing = new Set<string>();
    for (const moment of moments) {
      const month = String(moment).slice(0, 7);
      if (!this.#known.has(month)) missing.add(month);
    }
    if (missing.size === 0) return;
    await withSession(dataSource, signal, async (session) => {
      for (const month of missing) {
        await session.query('SELECT ensure_month_partition($1, $2, $3)', [
          this.#table,
          this.#column,
          `${month}-01T00:00:00Z`,
        ]);
        this.#known.add(month);
      }
    });
  }
}
