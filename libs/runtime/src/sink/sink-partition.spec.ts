import { describe, expect, it } from '@jest/globals';
import type { FetchedBatch } from '@millrace/client';
import { RecordError } from '@millrace/kernel';
import { RecordBatchBuilder } from '@millrace/protocol';
import type { Serde, SinkBatch, Topic } from '@millrace/streams';
import { SinkPartition } from './sink-partition.js';

const text: Serde<string> = {
  name: 'text',
  serialize: (value) => Buffer.from(value),
  deserialize: (buffer, start, end) => {
    const value = buffer.toString('utf8', start, end);
    if (value.startsWith('bad')) throw new RecordError('MR_RECORD_UNREADABLE', 'a bad record');
    return value;
  },
};
const events = { name: 'events', key: text, value: text } as Topic<string, string>;

/** Records with consecutive offsets from `baseOffset`, followed by `trailing` offsets without records (markers). */
function fetched(baseOffset: number, values: readonly string[], trailing = 0): FetchedBatch {
  const builder = new RecordBatchBuilder();
  for (const value of values) builder.append(1, Buffer.from('k'), Buffer.from(value));
  return {
    topic: 'events',
    partition: 0,
    records: builder.build({ baseOffset }),
    startOffset: baseOffset,
    nextOffset: baseOffset + values.length + trailing,
    abortedTransactions: [],
    highWatermark: 1_000,
    lastStableOffset: 1_000,
  };
}

function partition(maxBatchRecords = 10, startOffset = 0): { sink: SinkPartition; unreadable: number[] } {
  const unreadable: number[] = [];
  const limits = { maxBatchRecords, lingerMs: 50 };
  const sink = new SinkPartition(events, 0, startOffset, limits, (records) => unreadable.push(records.cursor.offset));
  return { sink, unreadable };
}

const values = (batch: SinkBatch | undefined): unknown[] => batch?.records.map(({ value }) => value) ?? [];

describe('SinkPartition', () => {
  it('waits for more records until the first one has waited long enough', () => {
    const { sink } = partition();
    sink.add(fetched(0, ['a']));
    expect(sink.due(100, false)).toBeUndefined();
    sink.add(fetched(1, ['b']));
    expect(sink.due(149, false)).toBeUndefined();

    const batch = sink.due(150, false);

    expect(values(batch)).toEqual(['a', 'b']);
  });

  it('does not wait when the batch is full, or when there is a hurry', () => {
    const { sink } = partition(2);
    sink.add(fetched(0, ['a', 'b', 'c']));

    const full = sink.due(0, false) as SinkBatch;
    sink.written(full);
    const rest = sink.due(0, true);

    expect(values(full)).toEqual(['a', 'b']);
    expect(values(rest)).toEqual(['c']);
  });

  it('tiles the partition with its batches, over markers and unreadable records too', () => {
    const { sink, unreadable } = partition(2, 5);
    sink.add(fetched(5, ['a', 'bad', 'b'], 2));
    sink.add(fetched(10, ['c'], 1));
    const ranges: [number, number][] = [];

    for (let batch = sink.due(0, true); batch !== undefined; batch = sink.due(0, true)) {
      ranges.push([batch.firstOffset, batch.nextOffset]);
      sink.written(batch);
    }

    expect(unreadable).toEqual([6]);
    expect(ranges).toEqual([
      [5, 8],
      [8, 12],
    ]);
    expect(sink.isWritten).toBe(true);
  });

  it('gives the sink an empty batch when all its records were unreadable, so that they are not met again', () => {
    const { sink, unreadable } = partition();
    sink.add(fetched(0, ['bad', 'bad']));

    const batch = sink.due(0, true) as SinkBatch;
    sink.written(batch);

    expect(unreadable).toEqual([0, 1]);
    expect(batch).toMatchObject({ firstOffset: 0, nextOffset: 2, records: [] });
    expect(sink.isWritten).toBe(true);
    expect(sink.due(1_000, true)).toBeUndefined();
  });

  it('repeats a batch that was not written', () => {
    const { sink } = partition();
    sink.add(fetched(0, ['a', 'b']));
    const first = sink.due(0, true);

    sink.notBeforeMs = 100;

    expect(sink.due(99, true)).toBeUndefined();
    expect(sink.due(100, true)).toEqual(first);
  });

  it('takes out the record that the sink names', () => {
    const { sink } = partition();
    sink.add(fetched(0, ['a', 'b', 'c']));
    const batch = sink.due(0, true) as SinkBatch;

    const refused = sink.refuse(batch, 1);

    expect(refused?.value).toBe('b');
    const rest = sink.due(0, true) as SinkBatch;
    expect(values(rest)).toEqual(['a', 'c']);
    expect(rest.nextOffset).toBe(3);
  });

  it('finds the record that the sink does not name by halving', () => {
    const { sink } = partition(64);
    sink.add(
      fetched(
        0,
        Array.from({ length: 50 }, (_, nth) => (nth === 37 ? 'poison' : `v${nth}`)),
      ),
    );
    const written: unknown[] = [];
    const refused: unknown[] = [];

    for (let batch = sink.due(0, true); batch !== undefined; batch = sink.due(0, true)) {
      if (values(batch).includes('poison')) {
        const culprit = sink.refuse(batch, undefined);
        if (culprit !== undefined) refused.push(culprit.value);
      } else {
        written.push(...values(batch));
        sink.written(batch);
      }
    }

    expect(refused).toEqual(['poison']);
    expect(written).toHaveLength(49);
    expect(sink.isWritten).toBe(true);
  });
});
