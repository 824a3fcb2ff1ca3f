import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '@millrace/kernel';
import { eventually } from '@millrace/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { aLog, aReading, archivedIds, batchOf, columns, place, type Reading } from '../../test/example-archive.js';
import { FaultyStore } from '../../test/faulty-store.js';
import { archiveChannels, type ArchiveFailedEvent } from '../diagnostics/channels.js';
import { readManifest } from '../read/read-archive.js';
import { FileSystemObjectStore } from '../store/file-system-object-store.js';
import { ArchiveSink, type ArchiveSinkOptions } from './archive-sink.js';

const TILE = 10;

describe('ArchiveSink', () => {
  let folder: string;
  let store: FileSystemObjectStore;
  const log = aLog(45);
  const allIds = log.map(({ offset }) => offset);

  const aSink = (options: Partial<ArchiveSinkOptions<Reading>> = {}): ArchiveSink<Reading> =>
    new ArchiveSink({ store, prefix: 'p', columns, tileOffsets: TILE, ...options });
  const openSink = async (options: Partial<ArchiveSinkOptions<Reading>> = {}): Promise<ArchiveSink<Reading>> => {
    const sink = aSink(options);
    await sink.open(place);
    return sink;
  };
  const ranges = async (): Promise<string[]> =>
    (await readManifest(store, 'p')).map(
      ({ firstOffset, lastOffset, records }) => `${firstOffset}-${lastOffset}: ${records}`,
    );

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'millrace-archive-'));
    store = new FileSystemObjectStore(folder);
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('knows no offset of a partition that it never archived', async () => {
    await expect(aSink().open(place)).resolves.toBeUndefined();
  });

  it('has removed what interrupted puts of its partition left, and goes on where that fails', async () => {
    const prefixes: string[] = [];
    const failures: ArchiveFailedEvent[] = [];
    const unsubscribe = archiveChannels.failed.subscribe((event) => failures.push(event));
    const discarding = Object.assign(new FileSystemObjectStore(folder), {
      discardUnfinished: async (prefix: string): Promise<number> => {
        if (prefixes.push(prefix) > 1) throw new Error('the right to list uploads is missing');
        return 1;
      },
    });

    await openSink({ store: discarding });
    await expect(aSink({ store: discarding }).open(place)).resolves.toBeUndefined();
    unsubscribe();

    expect(prefixes).toEqual(['p/partition=0/readings-0-0000', 'p/partition=0/readings-0-0000']);
    const ofAnotherTopic = 'p/partition=0/readings-0-0-00000000000000000000-';
    expect(ofAnotherTopic.startsWith(prefixes[0] as string)).toBe(false);
    expect(failures).toMatchObject([place]);
  });

  it('cuts objects at multiples of the tile size, whatever the batches are, and keeps the rest for later', async () => {
    const sink = await openSink();

    await sink.write(batchOf(log, 0, 4));
    await sink.write(batchOf(log, 4, 33));

    expect(await ranges()).toEqual(['0-9: 9', '10-19: 9', '20-29: 8']);
    expect(sink.durableOffset(place)).toBe(30);
    await expect(aSink().open(place)).resolves.toBe(30);
  });

  it('finishes an object that ends where a batch ends', async () => {
    const sink = await openSink();

    await sink.write(batchOf(log, 0, 20));

    expect(await ranges()).toEqual(['0-9: 9', '10-19: 9']);
  });

  it('finishes what is there when it is flushed; the next object begins behind it and ends at the same multiples', async () => {
    const sink = await openSink();
    await sink.write(batchOf(log, 0, 13));

    await sink.flush();
    await sink.flush();
    await sink.write(batchOf(log, 13, 25));
    await sink.flush();

    expect(await ranges()).toEqual(['0-9: 9', '10-12: 3', '13-19: 6', '20-24: 4']);
    expect(await archivedIds(store)).toEqual(allIds.filter((id) => id < 25));
  });

  it('covers the offsets of markers, also at the end of an object and where an object holds nothing else', async () => {
    const sink = await openSink();

    await sink.write({ ...place, firstOffset: 0, nextOffset: 25, records: [aReading(3), aReading(24)] });
    await sink.flush();

    expect(await ranges()).toEqual(['0-9: 1', '10-19: 0', '20-24: 1']);
    expect(await archivedIds(store)).toEqual([3, 24]);
  });

  it('begins where the topic begins', async () => {
    const sink = await openSink();

    await sink.write(batchOf(log, 17, 21));

    expect(await ranges()).toEqual(['17-19: 3']);
  });

  it('has no effect twice when batches are given again in another cut', async () => {
    const sink = await openSink();
    await sink.write(batchOf(log, 0, 15));

    await sink.write(batchOf(log, 0, 15));
    await sink.write(batchOf(log, 8, 30));

    expect(await archivedIds(store)).toEqual(allIds.filter((id) => id < 30));
  });

  it('makes the same objects of the same records', async () => {
    const first = await openSink();
    for (let offset = 0; offset < 40; offset += 8) await first.write(batchOf(log, offset, offset + 8));
    const second = await openSink({ prefix: 'again' });
    await second.write(batchOf(log, 0, 40));

    const digests = async (prefix: string): Promise<string[]> =>
      (await readManifest(store, prefix)).map(({ sha256 }) => sha256);
    expect(await digests('p')).toEqual(await digests('again'));
  });

  it('gives up what is in no object when the partition is closed; its next owner reads that again', async () => {
    const sink = await openSink();
    await sink.write(batchOf(log, 0, 17));
    await sink.close(place);

    const next = aSink();
    const resumed = await next.open(place);
    await next.write(batchOf(log, resumed as number, 30));

    expect(resumed).toBe(10);
    expect(await archivedIds(store)).toEqual(allIds.filter((id) => id < 30));
  });

  it('fences a writer whose offsets another one archived with another end', async () => {
    const zombie = await openSink();
    await zombie.write(batchOf(log, 0, 5));
    const owner = await openSink();
    await owner.write(batchOf(log, 0, 7));
    await owner.flush();

    await expect(zombie.flush()).rejects.toMatchObject({ code: 'MR_SINK_FENCED', disposition: 'restart-task' });
    await owner.write(batchOf(log, 7, 20));

    expect(await ranges()).toEqual(['0-6: 6', '7-9: 3', '10-19: 9']);
    expect(await archivedIds(store)).toEqual(allIds.filter((id) => id < 20));
  });

  it('lets two writers that make the same object both go on', async () => {
    const [left, right] = [await openSink(), await openSink()];

    await Promise.all([left.write(batchOf(log, 0, 20)), right.write(batchOf(log, 0, 20))]);

    expect(await archivedIds(store)).toEqual(allIds.filter((id) => id < 20));
    expect([left.durableOffset(place), right.durableOffset(place)]).toEqual([20, 20]);
  });

  it('names the record that does not fit, keeps none of its batch in an open object, and goes on without it', async () => {
    const sink = await openSink();
    const bad = aReading(14, { id: 1.5 });
    const batch = batchOf(log, 0, 18);

    const withBad = { ...batch, records: batch.records.map((record) => (record.offset === 14 ? bad : record)) };
    await expect(sink.write(withBad)).rejects.toMatchObject({
      code: 'MR_SINK_REFUSED',
      disposition: 'dead-letter',
      place: { ...place, offset: 14 },
    });
    await sink.write({ ...batch, records: batch.records.filter(({ offset }) => offset !== 14) });
    await sink.flush();

    expect(await archivedIds(store)).toEqual(allIds.filter((id) => id < 18 && id !== 14));
  });

  it('refuses a record without value', async () => {
    const sink = await openSink();

    const refused = sink.write({ ...place, firstOffset: 0, nextOffset: 1, records: [aReading(0, null)] });

    await expect(refused).rejects.toMatchObject({ code: 'MR_SINK_REFUSED', place: { offset: 0 } });
  });

  it('does not pass over records that the topic lost', async () => {
    const sink = await openSink();
    await sink.write(batchOf(log, 0, 4));

    await expect(sink.write(batchOf(log, 12, 15))).rejects.toMatchObject({
      code: 'MR_OFFSET_OUT_OF_RANGE',
      disposition: 'stop-app',
      message: expect.stringContaining('archived up to offset 4, but the topic goes on at 12'),
    });
  });

  it('finishes an object that is old enough, and tries again when that fails', async () => {
    const clock = new ManualClock();
    const faulty = new FaultyStore(store, 1, 'before');
    const sink = await openSink({ store: faulty, clock, maxAge: '1m' });
    const failures: ArchiveFailedEvent[] = [];
    const stopListening = archiveChannels.failed.subscribe((event) => failures.push(event));
    await sink.write(batchOf(log, 0, 5));

    clock.advance(59_999);
    expect(faulty.puts).toBe(0);
    clock.advance(1);
    await eventually('the failure is told', () => failures.length === 1);
    clock.advance(60_000);
    await eventually('the object is there', () => sink.durableOffset(place) === 5);

    stopListening();
    expect(await ranges()).toEqual(['0-4: 5']);
  });

  it('lists everything that is wrong with its options', () => {
    const twice = [columns[0], columns[0]] as typeof columns;

    expect(() => aSink({ prefix: '', columns: twice, tileOffsets: 0 })).toThrow(
      expect.objectContaining({
        problems: [
          'prefix: must not be empty',
          "columns: 'id' is there twice",
          'tileOffsets: 0 is not a whole number greater than 0',
        ],
      }),
    );
  });

  describe('after a crash', () => {
    /** Archives the log from where the archive ends, in batches of `step`; false when a fault ended it. */
    async function run(into: FaultyStore, upTo: number, step: number): Promise<boolean> {
      try {
        const sink = aSink({ store: into });
        let next = (await sink.open(place)) ?? 0;
        while (next < upTo) {
          const end = Math.min(next + step, upTo);
          await sink.write(batchOf(log, next, end));
          next = end;
        }
        await sink.flush();
        return true;
      } catch {
        return false;
      }
    }

    const PUTS_OF_A_RUN = 8;
    const steps = Array.from({ length: PUTS_OF_A_RUN }, (_, nth) => nth + 1);
    it.each(steps.flatMap((put) => [[put, 'before'] as const, [put, 'after'] as const]))(
      'at put %i, %s its effect, every record is archived exactly once',
      async (put, when) => {
        const crashing = new FaultyStore(store, put, when);
        expect(await run(crashing, 33, 7)).toBe(false);
        expect(crashing.hasFired).toBe(true);

        // The topic has grown since, and the batches fall otherwise.
        expect(await run(new FaultyStore(store, 0, 'before'), 45, 11)).toBe(true);

        expect(await archivedIds(store)).toEqual(allIds);
        const manifest = await readManifest(store, 'p');
        expect(manifest[0]?.firstOffset).toBe(0);
        expect(manifest.at(-1)?.lastOffset).toBe(44);
      },
    );

    it('the run without a fault makes as many puts as were tried', async () => {
      const faultless = new FaultyStore(store, 0, 'before');

      expect(await run(faultless, 33, 7)).toBe(true);

      expect(faultless.puts).toBe(PUTS_OF_A_RUN);
    });

    it('a lost answer is no crash: the same call again finds what it did', async () => {
      for (const put of [1, 2]) {
        const sink = await openSink({ prefix: `lost-${put}`, store: new FaultyStore(store, put, 'after') });

        await expect(sink.write(batchOf(log, 0, 12))).rejects.toMatchObject({ disposition: 'retry' });
        await sink.write(batchOf(log, 0, 12));
        await sink.flush();

        expect(await archivedIds(store, `lost-${put}`)).toEqual(allIds.filter((id) => id < 12));
      }
    });
  });
});
