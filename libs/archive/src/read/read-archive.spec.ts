import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { aLog, archivedIds, batchOf, columns, place } from '../../test/example-archive.js';
import { encodeEntry, entryKey } from '../manifest/manifest-entry.js';
import { ArchiveSink } from '../sink/archive-sink.js';
import { FileSystemObjectStore } from '../store/file-system-object-store.js';
import { readArchive, readManifest } from './read-archive.js';

describe('an archive that is read back', () => {
  let folder: string;
  let store: FileSystemObjectStore;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'millrace-read-'));
    store = new FileSystemObjectStore(folder);
    const sink = new ArchiveSink({ store, prefix: 'p', columns, tileOffsets: 10 });
    await sink.open(place);
    await sink.open({ ...place, partition: 1 });
    await sink.write(batchOf(aLog(30), 0, 30));
    await sink.write({ ...batchOf(aLog(10), 0, 10), partition: 1 });
  });
  afterEach(() => rm(folder, { recursive: true }));

  const corrupt = async (message: RegExp): Promise<void> => {
    const reading = archivedIds(store);
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toMatchObject({ code: 'MR_ARCHIVE_CORRUPT', disposition: 'stop-app' });
  };
  const secondEntry = async (): Promise<Awaited<ReturnType<typeof readManifest>>[number]> =>
    (await readManifest(store, 'p'))[1] as Awaited<ReturnType<typeof readManifest>>[number];

  it('is a manifest of objects that tile the offsets of each partition', async () => {
    const manifest = await readManifest(store, 'p');

    expect(manifest.map(({ partition, firstOffset, lastOffset }) => [partition, firstOffset, lastOffset])).toEqual([
      [0, 0, 9],
      [0, 10, 19],
      [0, 20, 29],
      [1, 0, 9],
    ]);
    expect(manifest[1]).toEqual({
      version: 1,
      ...place,
      firstOffset: 10,
      lastOffset: 19,
      records: 9,
      object: expect.stringMatching(/^p\/partition=0\/readings-0-0{18}10-0{18}19-[0-9a-f]{12}\.parquet$/),
      bytes: (await store.get(manifest[1]?.object as string))?.byteLength,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('can be limited to a topic and to columns', async () => {
    expect(await readManifest(store, 'p', { topic: 'another' })).toEqual([]);
    for await (const { columns: found, rows } of readArchive(store, 'p', { columns: ['sensor'] })) {
      expect([...found.keys()]).toEqual(['sensor']);
      expect(found.get('sensor')).toHaveLength(rows);
    }
  });

  it('does not count an object that is in no entry', async () => {
    await store.put('p/partition=0/left-over.parquet', Buffer.from('of a crash'));

    expect(await archivedIds(store)).toHaveLength(26 + 9);
  });

  it('is nothing where nothing was archived', async () => {
    expect(await readManifest(store, 'elsewhere')).toEqual([]);
    expect(await archivedIds(store, 'elsewhere')).toEqual([]);
  });

  it('is refused when an object was changed', async () => {
    const { object } = await secondEntry();
    const bytes = Buffer.from((await store.get(object)) as Uint8Array);
    bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20);
    await store.put(object, bytes);

    await corrupt(/readings-0-.* was changed/);
  });

  it('is refused when an object is gone', async () => {
    await store.delete((await secondEntry()).object);

    await corrupt(/is gone/);
  });

  it('is refused when an entry is gone', async () => {
    await store.delete(entryKey('p', await secondEntry()));

    await corrupt(/readings-0 does not tile: an entry is missing between 9 and 20/);
  });

  it('is refused when entries overlap', async () => {
    const entry = await secondEntry();
    await store.put(entryKey('p', entry), encodeEntry({ ...entry, lastOffset: 21 }));

    await corrupt(/two entries overlap between 21 and 20/);
  });

  it.each([['{'], ['{"version":2}'], ['']])('is refused when an entry cannot be read: %j', async (text) => {
    await store.put(entryKey('p', await secondEntry()), Buffer.from(text));

    await corrupt(/the manifest entry 'p\/_manifest\/readings\/0\/0{18}10\.json' cannot be read/);
  });
});
