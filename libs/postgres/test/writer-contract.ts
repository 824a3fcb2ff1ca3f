import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { dispositionOf } from '@millrace/kernel';
import {
  createDataSource,
  IdempotentBatchWriter,
  runMigrations,
  type DataSourceSettings,
  type Execute,
} from '@millrace/postgres';
import { PostgresProxy } from '@millrace/testing';
import type { DataSource } from 'typeorm';
import { aBatch, anHour, hourlyTable, type HourKey, type HourTotals } from './example-table.js';

/** A database that the contract runs on. */
export interface ContractDatabase {
  start(): Promise<DataSourceSettings>;
  stop(): Promise<void>;
}

const place = { topic: 'airport.hourly', partition: 0 };
const fence = { generationId: 1, memberId: 'member-1' };
const at = (hour: number): string => `2013-01-01T${String(hour).padStart(2, '0')}:00:00Z`;

/** Tries again at once, as often as it takes; the test's own time is the limit. */
const retryTransient: Execute = async (call) => {
  for (;;) {
    try {
      return await call(new AbortController().signal);
    } catch (error) {
      if (dispositionOf(error, 'stop-app') !== 'retry') throw error;
    }
  }
};

/** The same database by way of a proxy, which is closed with the test. */
async function throughProxy(settings: DataSourceSettings): Promise<{ proxy: PostgresProxy; url: string }> {
  const url = new URL(settings.url as string);
  const database = url.host;
  const proxy = await PostgresProxy.open(() => database);
  url.host = proxy.address;
  return { proxy, url: url.href };
}

/** What every database must do for `IdempotentBatchWriter`; the same for the embedded one and a real server. */
export function writerContract(databaseName: string, database: ContractDatabase): void {
  describe(`IdempotentBatchWriter on ${databaseName}`, () => {
    let settings: DataSourceSettings;
    let dataSource: DataSource;
    let sinkNumber = 0;
    let sink: string;

    const aWriter = (): IdempotentBatchWriter<HourKey, HourTotals> =>
      new IdempotentBatchWriter({ dataSource, sink, table: hourlyTable });
    const openWriter = async (): Promise<IdempotentBatchWriter<HourKey, HourTotals>> => {
      const writer = aWriter();
      await writer.open(place, fence);
      return writer;
    };
    const query = async (sql: string): Promise<unknown> => dataSource.query(sql);
    const rows = (): Promise<unknown> => query('SELECT hour, departures FROM airport_hourly ORDER BY hour');
    const row = (hour: number, departures: number): object => ({ hour: new Date(at(hour)), departures });

    beforeAll(async () => {
      settings = await database.start();
      dataSource = createDataSource(settings);
      await runMigrations(dataSource);
    }, 60_000);

    beforeEach(async () => {
      sink = `sink-${++sinkNumber}`;
      await query('DELETE FROM airport_hourly');
    });

    afterAll(async () => {
      await dataSource?.destroy();
      await database.stop();
    });

    it('knows no offset of a partition that it never wrote', async () => {
      await expect(aWriter().open(place, fence)).resolves.toBeUndefined();
    });

    it('writes rows together with the offset behind them', async () => {
      const writer = await openWriter();

      await writer.write(aBatch(0, [anHour(0, at(1), 5), anHour(1, at(2), 7)], 3));

      expect(await rows()).toEqual([row(1, 5), row(2, 7)]);
      expect(writer.durableOffset(place)).toBe(3);
      await expect(aWriter().open(place, fence)).resolves.toBe(3);
    });

    it('lets the last record of a key win, within a batch and after it', async () => {
      const writer = await openWriter();

      await writer.write(aBatch(0, [anHour(0, at(1), 1), anHour(1, at(2), 9), anHour(2, at(1), 2)]));
      await writer.write(aBatch(3, [anHour(3, at(1), 3)]));

      expect(await rows()).toEqual([row(1, 3), row(2, 9)]);
    });

    it('deletes the row of a record without value, also when it came in the same batch', async () => {
      const writer = await openWriter();
      await writer.write(aBatch(0, [anHour(0, at(1), 1), anHour(1, at(2), 2)]));

      await writer.write(aBatch(2, [anHour(2, at(1), 'deleted'), anHour(3, at(3), 3), anHour(4, at(3), 'deleted')]));

      expect(await rows()).toEqual([row(2, 2)]);
    });

    it('moves on over a batch without records', async () => {
      const writer = await openWriter();

      await writer.write(aBatch(0, [], 12));

      expect(writer.durableOffset(place)).toBe(12);
    });

    it('has no effect twice when a batch is given again, whole or in another cut', async () => {
      const writer = await openWriter();
      await writer.write(aBatch(0, [anHour(0, at(1), 1), anHour(1, at(2), 2)]));
      await query('DELETE FROM airport_hourly');

      await writer.write(aBatch(0, [anHour(0, at(1), 1), anHour(1, at(2), 2)]));
      await writer.write(aBatch(0, [anHour(0, at(1), 1), anHour(1, at(2), 2), anHour(2, at(3), 3)]));

      expect(await rows()).toEqual([row(3, 3)]);
      expect(writer.durableOffset(place)).toBe(3);
    });

    it('keeps the offsets of sinks and partitions apart', async () => {
      const writer = await openWriter();
      await writer.write(aBatch(0, [anHour(0, at(1), 1)]));

      await expect(writer.open({ ...place, partition: 1 }, fence)).resolves.toBeUndefined();
      sink = 'another';
      await expect(aWriter().open(place, fence)).resolves.toBeUndefined();
    });

    it('creates the partition of each month that it meets', async () => {
      const writer = await openWriter();

      await writer.write(aBatch(0, [anHour(0, '2019-12-31T23:00:00Z', 1), anHour(1, '2020-01-01T00:00:00Z', 2)]));

      const found = await query('SELECT tableoid::regclass::text AS part FROM airport_hourly ORDER BY hour');
      expect(found).toEqual([{ part: 'airport_hourly_y2019m12' }, { part: 'airport_hourly_y2020m01' }]);
    });

    it('moves rows that the default partition caught to the partition of their month', async () => {
      await query(`INSERT INTO airport_hourly VALUES ('EWR', '2021-05-31T23:59:59Z', 1, 0, 0, NULL)`);
      const writer = await openWriter();

      await writer.write(aBatch(0, [anHour(0, '2021-05-01T00:00:00Z', 1)]));

      const found = await query('SELECT DISTINCT tableoid::regclass::text AS part FROM airport_hourly');
      expect(found).toEqual([{ part: 'airport_hourly_y2021m05' }]);
    });

    it('fences a former owner: its write changes nothing', async () => {
      const zombie = await openWriter();
      await zombie.write(aBatch(0, [anHour(0, at(1), 1)]));
      const owner = aWriter();
      await owner.open(place, { generationId: 2, memberId: 'member-2' });

      await expect(zombie.write(aBatch(1, [anHour(1, at(1), 99)]))).rejects.toMatchObject({
        code: 'MR_SINK_FENCED',
        disposition: 'restart-task',
        message: expect.stringContaining("'member-2'"),
      });
      await owner.write(aBatch(1, [anHour(1, at(2), 2)]));

      expect(await rows()).toEqual([row(1, 1), row(2, 2)]);
    });

    it('fences a former owner also when the new one has written before it', async () => {
      const zombie = await openWriter();
      const owner = await openWriter();
      await owner.write(aBatch(0, [anHour(0, at(1), 1)]));

      await expect(zombie.write(aBatch(0, [anHour(0, at(1), 99)]))).rejects.toMatchObject({ code: 'MR_SINK_FENCED' });

      expect(await rows()).toEqual([row(1, 1)]);
    });

    it('finds out from the offset row that a COMMIT was done although its answer was lost', async () => {
      const { proxy, url } = await throughProxy(settings);
      const proxied = createDataSource({ ...settings, url });
      await proxied.initialize();
      try {
        const writer = new IdempotentBatchWriter({
          dataSource: proxied,
          sink,
          table: hourlyTable,
          execute: retryTransient,
        });
        await writer.open(place, fence);
        const struck = proxy.loseCommits(1, /INSERT INTO airport_hourly/);

        await writer.write(aBatch(0, [anHour(0, at(1), 1)]));
        await struck;
        await writer.write(aBatch(1, [anHour(1, at(2), 2)]));

        expect(proxy.taken).toBe(1);
        expect(await rows()).toEqual([row(1, 1), row(2, 2)]);
        expect(writer.durableOffset(place)).toBe(2);
      } finally {
        await proxied.destroy();
        await proxy.stop();
      }
    });

    it('gives up on a database that does not answer, and says that it may be tried again', async () => {
      const { proxy, url } = await throughProxy(settings);
      const proxied = createDataSource({ ...settings, url, statementTimeout: 500, connectTimeout: 500 });
      await proxied.initialize();
      try {
        const writer = new IdempotentBatchWriter({ dataSource: proxied, sink, table: hourlyTable });
        await writer.open(place, fence);
        proxy.fallSilent();

        await expect(writer.write(aBatch(0, [anHour(0, at(1), 1)]))).rejects.toMatchObject({
          code: 'MR_DEPENDENCY_TIMEOUT',
          disposition: 'retry',
        });
        expect(await rows()).toEqual([]);
      } finally {
        await proxied.destroy();
        await proxy.stop();
      }
    });

    it('refuses a row that the table does not take, and is unharmed by it', async () => {
      const writer = await openWriter();

      const refused = writer.write(aBatch(0, [anHour(0, at(1), 1), anHour(1, at(2), null)]));

      await expect(refused).rejects.toMatchObject({ code: 'MR_SINK_REFUSED', disposition: 'dead-letter' });
      expect(await rows()).toEqual([]);
      await writer.write(aBatch(0, [anHour(0, at(1), 1)], 2));
      expect(await rows()).toEqual([row(1, 1)]);
    });

    it('names the record that has no key', async () => {
      const writer = await openWriter();
      const nameless = { ...anHour(7, at(1), 1), key: null };

      await expect(writer.write(aBatch(6, [anHour(6, at(1), 1), nameless]))).rejects.toMatchObject({
        code: 'MR_SINK_REFUSED',
        place: { offset: 7 },
      });
    });

    it('refuses to write what was not opened, or was closed', async () => {
      const writer = await openWriter();
      await writer.close(place);

      await expect(writer.write(aBatch(0, [anHour(0, at(1), 1)]))).rejects.toMatchObject({
        code: 'MR_LIFECYCLE_ORDER',
      });
    });

    it('runs each migration once', async () => {
      await expect(runMigrations(dataSource)).resolves.toEqual([]);
    });
  });
}
