import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * `ensure_month_partition(table, column, moment)`: creates the partition for the month (UTC) of `moment` unless it exists, and
 * returns its name, such as `airport_hourly_y2013m01`.
 *
 * Rows of that month that were caught by the default partition move over; many callers at a time are fine.
 */
export class CreateMonthPartitions implements MigrationInterface {
  readonly name = 'CreateMonthPartitions1763800001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION ensure_month_partition(parent text, partition_column text, moment timestamptz) RETURNS text
      LANGUAGE plpgsql AS $$
      DECLARE
        month_start timestamp := date_trunc('month', moment AT TIME ZONE 'UTC');
        lower_bound timestamptz := month_start AT TIME ZONE 'UTC';
        upper_bound timestamptz := (month_start + interval '1 month') AT TIME ZONE 'UTC';
        child text := parent || to_char(month_start, '"_y"YYYY"m"MM');
        fallback text := parent || '_default';
      BEGIN
        IF to_regclass(quote_ident(child)) IS NOT NULL THEN
          RETURN child;
        END IF;
        PERFORM pg_advisory_xact_lock(hashtextextended('millrace:' || child, 0));
        IF to_regclass(quote_ident(child)) IS NOT NULL THEN
          RETURN child;
        END IF;
        EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', fallback);
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', child, parent);
        EXECUTE format(
          'WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
          fallback, partition_column, lower_bound, partition_column, upper_bound, child
        );
        EXECUTE format(
          'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
          parent, child, lower_bound, upper_bound
        );
        RETURN child;
      END
      $$
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION ensure_month_partition');
  }
}
