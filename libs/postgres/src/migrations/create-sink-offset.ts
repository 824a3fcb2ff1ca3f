import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * `sink_offset`: how far each sink has come in each partition, and who owns it; changed in the transaction that changes the
 * rows. Room is left on each page, so that its frequent updates stay there (HOT).
 */
export class CreateSinkOffset implements MigrationInterface {
  readonly name = 'CreateSinkOffset1763800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE sink_offset (
        sink text NOT NULL,
        topic text NOT NULL,
        partition integer NOT NULL CHECK (partition >= 0),
        next_offset bigint CHECK (next_offset >= 0),
        epoch bigint NOT NULL CHECK (epoch > 0),
        member text NOT NULL,
        generation integer NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (sink, topic, partition)
      ) WITH (fillfactor = 50)
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE sink_offset');
  }
}
