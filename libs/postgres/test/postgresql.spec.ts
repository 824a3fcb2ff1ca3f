import { describe, it } from '@jest/globals';
import { PostgresqlServer, postgresqlPrograms } from './postgresql-server.js';
import { writerContract } from './writer-contract.js';

const programs = postgresqlPrograms();

if (programs === undefined) {
  console.warn(
    'SKIPPED: no PostgreSQL server on this machine, so the writer was proved on the embedded one alone. Remedy: apt-get install postgresql',
  );
  describe.skip('IdempotentBatchWriter on PostgreSQL', () => {
    it('needs a PostgreSQL server on this machine', () => undefined);
  });
} else {
  const server = new PostgresqlServer(programs);
  writerContract('PostgreSQL', {
    start: async () => ({ url: await server.start(), poolSize: 4 }),
    stop: () => server.stop(),
  });
}
