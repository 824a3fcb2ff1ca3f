import { describe, expect, it } from '@jest/globals';
import { createDataSource } from './create-data-source.js';

describe('createDataSource', () => {
  it('puts a time-out on everything and never synchronises a schema', () => {
    const { options } = createDataSource({ host: 'db', statementTimeout: '3s', poolSize: 2 });

    expect(options).toMatchObject({
      host: 'db',
      port: 5432,
      poolSize: 2,
      connectTimeoutMS: 5_000,
      synchronize: false,
      migrationsRun: false,
      extra: { statement_timeout: 3_000, query_timeout: 4_000, idle_in_transaction_session_timeout: 10_000 },
    });
  });

  it('lists everything that is wrong with the settings', () => {
    expect(() => createDataSource({ url: 'mysql://x', host: 'y', port: 0, poolSize: 0 })).toThrow(
      expect.objectContaining({
        code: 'MR_CONFIG_INVALID',
        problems: [
          'url: give either it or host, not both',
          'url: must begin with postgres://',
          'port: 0 is not between 1 and 65535',
          'poolSize: 0 is not a whole number greater than 0',
        ],
      }),
    );
    expect(() => createDataSource({})).toThrow(/url: give it, or host/);
  });
});
