import { EmbeddedPostgres } from '@millrace/postgres';
import { writerContract } from './writer-contract.js';

const embedded = new EmbeddedPostgres();

writerContract('the embedded PostgreSQL', {
  start: async () => {
    await embedded.start();
    return { url: embedded.url, poolSize: 1 };
  },
  stop: () => embedded.stop(),
});
