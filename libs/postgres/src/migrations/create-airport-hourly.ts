import type { MigrationInterface, QueryRunner } from 'typeorm';

/** `airport_hourly`: what left an airport in an hour; a partition a month, and a default one as a net. */
export class CreateAirportHourly implements MigrationInterface {
  readonly name = 'CreateAirportHourly1763800002000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE airport_hourly (
        origin text NOT NULL,
        hour timestamptz NOT NULL,
        departures integer NOT NULL,
        cancelled integer NOT NULL,
        delay_sum_minutes bigint NOT NULL,
        delay_max_minutes integer,
        PRIMARY KEY (origin, hour)
      ) PARTITION BY RANGE (hour)
    `);
    await runner.query('CREATE TABLE airport_hourly_default PARTITION OF airport_hourly DEFAULT');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE airport_hourly');
  }
}
