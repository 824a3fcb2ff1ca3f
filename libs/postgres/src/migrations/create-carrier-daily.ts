import type { MigrationInterface, QueryRunner } from 'typeorm';

/** `carrier_daily`: what an airline flew on a day (UTC). */
export class CreateCarrierDaily implements MigrationInterface {
  readonly name = 'CreateCarrierDaily1763800003000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE carrier_daily (
        carrier text NOT NULL,
        date date NOT NULL,
        flights integer NOT NULL,
        cancelled integer NOT NULL,
        arrival_delay_sum_minutes bigint NOT NULL,
        PRIMARY KEY (carrier, date)
      )
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE carrier_daily');
  }
}
