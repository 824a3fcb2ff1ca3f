import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/temporary-folder.js';
import { brokerChannels, type TornTailTruncatedEvent } from '../diagnostics/channels.js';
import { Journal } from './journal.js';
import type { JournalEntry } from './journal-entry.js';

const entry = (nextProducerId: number): JournalEntry => ({ type: 'producer-ids', nextProducerId });

function recovered(folder: string): JournalEntry[] {
  const entries: JournalEntry[] = [];
  Journal.open(folder, (each) => entries.push(each)).close();
  return entries;
}

describe('the journal', () => {
  it('replays its entries in order', () => {
    const folder = temporaryFolder();
    const journal = Journal.open(folder, () => {});
    journal.append(entry(1), entry(2));
    journal.append(entry(3));
    journal.close();
    expect(recovered(folder)).toEqual([entry(1), entry(2), entry(3)]);
  });

  it.each([
    ['half a header', (bytes: Buffer) => bytes.subarray(0, 5)],
    ['half a frame', (bytes: Buffer) => bytes.subarray(0, bytes.length - 3)],
    [
      'a damaged frame',
      (bytes: Buffer) => Buffer.from(bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte))),
    ],
  ])('cuts off %s at its end, says so, and goes on', (_what, tear) => {
    const folder = temporaryFolder();
    const journal = Journal.open(folder, () => {});
    journal.append(entry(1));
    const keptBytes = journal.sizeInBytes;
    journal.append(entry(2));
    journal.close();
    const path = join(folder, readdirSync(folder)[0]!);
    const whole = readFileSync(path);
    const torn = tear(whole.subarray(keptBytes));
    writeFileSync(path, whole.subarray(0, keptBytes));
    appendFileSync(path, torn);
    const events: TornTailTruncatedEvent[] = [];
    const unsubscribe = brokerChannels.tornTailTruncated.subscribe((event) => events.push(event));
    expect(recovered(folder)).toEqual([entry(1)]);
    unsubscribe();
    expect(events).toMatchObject([{ keptBytes, droppedBytes: torn.length }]);
    const next = Journal.open(folder, () => {});
    next.append(entry(3));
    next.close();
    expect(recovered(folder)).toEqual([entry(1), entry(3)]);
  });

  it('rewrites itself to the present facts when it has grown', () => {
    const folder = temporaryFolder();
    const journal = Journal.open(folder, () => {}, { rewriteAboveBytes: 1000 });
    let latest = 0;
    journal.snapshotFrom(() => [entry(latest)]);
    for (let count = 1; count <= 1000; count++) {
      journal.append(entry(count));
      latest = count;
    }
    expect(journal.sizeInBytes).toBeLessThan(2200);
    journal.close();
    expect(readdirSync(folder)).toHaveLength(1);
    expect(recovered(folder).at(-1)).toEqual(entry(1000));
  });

  it('ignores a rewrite that was not finished', () => {
    const folder = temporaryFolder();
    const journal = Journal.open(folder, () => {});
    journal.append(entry(1));
    journal.close();
    writeFileSync(join(folder, 'journal-00000001.log.draft'), 'half');
    expect(recovered(folder)).toEqual([entry(1)]);
    expect(readdirSync(folder)).toHaveLength(1);
  });
});
