import { appendFileSync, readdirSync, truncateSync, writeFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { patchBatchForLog, readBatchHeader } from '@millrace/protocol';
import { valuesOf } from '../../test/contract/produce.contract.js';
import { temporaryFolder } from '../../test/temporary-folder.js';
import { batchOf } from '../../test/wire-client.js';
import { brokerChannels, type TornTailTruncatedEvent } from '../diagnostics/channels.js';
import type { ReadRange } from './log-slice.js';
import { PartitionLog, type PartitionLogOptions } from './partition-log.js';
import { TailCache } from './tail-cache.js';

const EVERYTHING: ReadRange = { fromOffset: 0, untilOffset: Infinity, maxBytes: 1e9, atLeastOne: true };

function open(options: Partial<PartitionLogOptions> & { directory: string | undefined }): PartitionLog {
  return PartitionLog.open({ cache: new TailCache(0), segmentBytes: 1e9, syncSealed: false, ...options }, () => {});
}

function append(log: PartitionLog, values: string[], timestampMs?: number): void {
  const batch = batchOf(values, {}, timestampMs);
  patchBatchForLog(batch, log.nextOffset, 0);
  log.append(batch, readBatchHeader(batch));
}

/** Reads on until nothing more comes, as a consumer does. */
function readAll(log: PartitionLog, range: Partial<ReadRange> = {}): string[] {
  const values: string[] = [];
  let { fromOffset } = { ...EVERYTHING, ...range };
  for (;;) {
    const slice = log.read({ ...EVERYTHING, ...range, fromOffset });
    if (slice.sizeInBytes === 0) return values;
    values.push(...valuesOf(Buffer.concat(slice.chunks)));
    fromOffset = slice.nextOffset;
  }
}

describe.each([
  ['in memory', () => undefined, 0],
  ['on disk, served from the cache', temporaryFolder, 1e9],
  ['on disk, served from the file', temporaryFolder, 0],
])('a log %s', (_where, folder, cachedBytes) => {
  const filled = (): PartitionLog => {
    const log = open({ directory: folder(), cache: new TailCache(cachedBytes) });
    for (let batch = 0; batch < 300; batch++) append(log, [`${batch}a`, `${batch}b`], 1000 * batch);
    return log;
  };

  it('returns whole batches from the one that holds the offset', () => {
    const log = filled();
    expect(log.nextOffset).toBe(600);
    expect(readAll(log, { fromOffset: 595 })).toEqual(['297a', '297b', '298a', '298b', '299a', '299b']);
    expect(readAll(log)).toHaveLength(600);
    expect(log.read({ ...EVERYTHING, fromOffset: 600 }).sizeInBytes).toBe(0);
  });

  it('keeps to the limits, but returns one batch at least when asked to', () => {
    const log = filled();
    const one = log.read({ ...EVERYTHING, fromOffset: 300, maxBytes: 1 });
    expect(valuesOf(Buffer.concat(one.chunks))).toEqual(['150a', '150b']);
    expect(one.nextOffset).toBe(302);
    expect(log.read({ ...EVERYTHING, fromOffset: 300, maxBytes: 1, atLeastOne: false }).sizeInBytes).toBe(0);
    const some = log.read({ ...EVERYTHING, maxBytes: one.sizeInBytes * 5 + 1 });
    expect(some.nextOffset).toBe(10);
    expect(some.sizeInBytes).toBeLessThanOrEqual(one.sizeInBytes * 5 + 1);
  });

  it('leaves out what begins at or after the end of the range', () => {
    expect(readAll(filled(), { fromOffset: 594, untilOffset: 596 })).toEqual(['297a', '297b']);
    expect(readAll(filled(), { fromOffset: 596, untilOffset: 596 })).toEqual([]);
  });

  it('begins where it was deleted up to, and holds what follows', () => {
    const log = filled();
    log.deleteBefore(451);
    log.deleteBefore(20);
    expect(log.startOffset).toBe(451);
    expect(readAll(log, { fromOffset: 451 })).toHaveLength(150);
    expect(readBatchHeader(log.firstBatchReaching(0) as Buffer).baseOffset).toBe(450);
    log.deleteBefore(600);
    expect(log.firstBatchReaching(0)).toBeUndefined();
    append(log, ['after']);
    expect(readAll(log, { fromOffset: 600 })).toEqual(['after']);
  });

  it('finds the first batch that reaches a time', () => {
    const log = filled();
    const firstOffset = (timestampMs: number): number | undefined => {
      const batch = log.firstBatchReaching(timestampMs);
      return batch === undefined ? undefined : readBatchHeader(batch).baseOffset;
    };
    expect(firstOffset(0)).toBe(0);
    expect(firstOffset(150_001)).toBe(300);
    expect(firstOffset(150_002)).toBe(302);
    expect(firstOffset(300_000)).toBeUndefined();
  });
});

describe('a log on disk', () => {
  it('is found again, over many segments', () => {
    const directory = temporaryFolder();
    const log = open({ directory, segmentBytes: 500 });
    for (let batch = 0; batch < 40; batch++) append(log, [`${batch}`]);
    log.close();
    expect(readdirSync(directory).length).toBeGreaterThan(5);
    const again = open({ directory, segmentBytes: 500 });
    expect(again.nextOffset).toBe(40);
    expect(readAll(again)).toEqual(Array.from({ length: 40 }, (_, batch) => `${batch}`));
    append(again, ['next']);
    expect(readAll(again, { fromOffset: 40 })).toEqual(['next']);
    again.close();
  });

  it('removes the segments that were deleted up to, and keeps the newest', () => {
    const directory = temporaryFolder();
    const log = open({ directory, segmentBytes: 500 });
    for (let batch = 0; batch < 40; batch++) append(log, [`${batch}`]);
    const before = readdirSync(directory).length;
    log.deleteBefore(20);
    const half = readdirSync(directory).length;
    expect(half).toBeLessThanOrEqual(Math.ceil(before / 2) + 1);
    expect(readAll(log, { fromOffset: 20 })).toEqual(Array.from({ length: 20 }, (_, batch) => `${batch + 20}`));
    log.deleteBefore(40);
    log.close();
    expect(readdirSync(directory)).toHaveLength(1);
    const again = open({ directory, segmentBytes: 500 });
    again.deleteBefore(40);
    append(again, ['next']);
    expect(readAll(again, { fromOffset: 40 })).toEqual(['next']);
    again.close();
  });

  it('reads batches larger than the window in which it is scanned', () => {
    const directory = temporaryFolder();
    const log = open({ directory });
    append(log, ['x'.repeat(9_000_000)]);
    append(log, ['small']);
    log.close();
    const again = open({ directory });
    expect(readAll(again, { fromOffset: 1 })).toEqual(['small']);
    expect(again.read({ ...EVERYTHING, maxBytes: 10 }).sizeInBytes).toBeGreaterThan(9_000_000);
    again.close();
  });

  it.each([
    ['half a batch', (path: string, size: number) => truncateSync(path, size - 3)],
    ['a few stray bytes', (path: string) => appendFileSync(path, 'torn')],
    ['zeros', (path: string) => appendFileSync(path, Buffer.alloc(5000))],
    [
      'a damaged batch',
      (path: string, size: number) => {
        const bytes = readFileSync(path);
        bytes[size - 2]! ^= 1;
        writeFileSync(path, bytes);
      },
    ],
  ])('cuts off %s at its end, says so, and goes on', (_what, tear) => {
    const directory = temporaryFolder();
    const log = open({ directory });
    append(log, ['a']);
    append(log, ['b']);
    log.close();
    const path = join(directory, readdirSync(directory)[0]!);
    tear(path, readFileSync(path).length);
    const events: TornTailTruncatedEvent[] = [];
    const unsubscribe = brokerChannels.tornTailTruncated.subscribe((event) => events.push(event));
    const again = open({ directory });
    unsubscribe();
    const kept = readAll(again);
    expect(kept).toEqual(['a', 'b'].slice(0, again.nextOffset));
    expect(again.nextOffset).toBeGreaterThan(0);
    expect(events).toHaveLength(1);
    expect(events[0]!.droppedBytes).toBeGreaterThan(0);
    append(again, ['next']);
    again.close();
    const last = open({ directory });
    expect(readAll(last)).toEqual([...kept, 'next']);
    last.close();
  });
});

describe('the cache of all tails', () => {
  it('holds no more than it may and drops the oldest batches first', () => {
    const cache = new TailCache(5_000);
    const logs = [0, 1].map(() => open({ directory: temporaryFolder(), cache }));
    for (let round = 0; round < 100; round++) for (const log of logs) append(log, [`${round}`]);
    expect(cache.heldBytes).toBeLessThanOrEqual(5_000);
    for (const log of logs) expect(readAll(log)).toHaveLength(100);
    logs[0]!.close();
    logs[1]!.close();
    expect(cache.heldBytes).toBe(0);
  });
});
