import { describe, expect, it } from '@jest/globals';
import { partitionForKey, RecordBatchCursor, type RecordBatchBuilder } from '@millrace/protocol';
import { json, type Serde } from '@millrace/streams';
import { OutputBatches, type OutputBatchesOptions } from './output-batches.js';

interface Sent {
  readonly topic: string;
  readonly partition: number;
  readonly values: string[];
}

function outputs(options: OutputBatchesOptions = {}): { batches: OutputBatches; sent: Sent[] } {
  const sent: Sent[] = [];
  const batches = new OutputBatches(
    (topic, partition, batch) => sent.push({ topic, partition, values: valuesOf(batch) }),
    options,
  );
  batches.register('one', 1);
  batches.register('six', 6);
  return { batches, sent };
}

function valuesOf(batch: RecordBatchBuilder): string[] {
  const cursor = new RecordBatchCursor();
  cursor.reset(batch.build());
  const values: string[] = [];
  while (cursor.nextBatch()) while (cursor.nextRecord()) values.push(cursor.value()?.toString() ?? 'null');
  return values;
}

function append(batches: OutputBatches, topic: string, key: string | null, value: string | null, partition = -1): void {
  const keyBytes = key === null ? null : Buffer.from(key);
  const valueBytes = value === null ? null : Buffer.from(value);
  const start = (bytes: Buffer | null): number => (bytes === null ? -1 : 0);
  const end = (bytes: Buffer | null): number => bytes?.length ?? -1;
  batches.send(
    topic,
    partition,
    1,
    keyBytes,
    start(keyBytes),
    end(keyBytes),
    valueBytes,
    start(valueBytes),
    end(valueBytes),
    null,
    0,
    0,
  );
}

function write(batches: OutputBatches, topic: string, value: unknown, serde: Serde<unknown> = json()): void {
  batches.sendWritten(topic, 0, 1, Buffer.from('key'), 0, 3, serde, value, null, 0, 0);
}

describe('OutputBatches', () => {
  it('keeps records in order, one batch per partition, until they are flushed', () => {
    const { batches, sent } = outputs();
    append(batches, 'one', 'a', '1');
    append(batches, 'one', 'b', null);
    append(batches, 'one', 'c', '3');
    expect(sent).toEqual([]);

    batches.flush();

    expect(sent).toEqual([{ topic: 'one', partition: 0, values: ['1', 'null', '3'] }]);
    expect(batches.pendingRecords).toBe(0);
    expect(batches.totalRecords).toBe(3);
  });

  it("chooses the partition of a key as Java's default partitioner does", () => {
    const { batches, sent } = outputs();
    append(batches, 'six', 'N14228', 'x');

    batches.flush();

    expect(sent[0]?.partition).toBe(partitionForKey(Buffer.from('N14228'), 6));
  });

  it('keeps records without key together in a batch, and gives the next batch to the next partition', () => {
    const { batches, sent } = outputs();
    for (const value of ['a', 'b']) append(batches, 'six', null, value);
    batches.flush();
    append(batches, 'six', null, 'c');
    batches.flush();

    expect(sent.map(({ partition, values }) => [partition, values])).toEqual([
      [0, ['a', 'b']],
      [1, ['c']],
    ]);
  });

  it('sends a batch early when it is large, and lets none grow past the limit', () => {
    const { batches, sent } = outputs({ eagerBytes: 1_000, maxBatchBytes: 1_200 });

    append(batches, 'one', 'k', 'x'.repeat(900));
    append(batches, 'one', 'k', 'y'.repeat(900));
    append(batches, 'one', 'k', 'z'.repeat(100));
    append(batches, 'one', 'k', 'w'.repeat(900));

    expect(sent.map(({ values }) => values.map((value) => value[0]))).toEqual([['x'], ['y', 'z']]);
  });

  it('refuses a record that fits no batch, and goes on', () => {
    const { batches, sent } = outputs({ maxBatchBytes: 1_000 });

    expect(() => append(batches, 'one', 'k', 'x'.repeat(1_000))).toThrow(/too large for 'one'/);
    append(batches, 'one', 'k', 'ok');
    batches.flush();

    expect(sent.map(({ values }) => values)).toEqual([['ok']]);
  });

  it('forgets what it holds when the transaction is given up', () => {
    const { batches, sent } = outputs();
    append(batches, 'one', 'k', 'lost');

    batches.discard();
    append(batches, 'one', 'k', 'kept');
    batches.flush();

    expect(sent.map(({ values }) => values)).toEqual([['kept']]);
  });

  it('refuses topics and partitions that do not exist', () => {
    const { batches } = outputs();

    expect(() => append(batches, 'nowhere', 'k', 'v')).toThrow(/no topology names it/);
    expect(() => append(batches, 'one', 'k', 'v', 1)).toThrow(/has 1 partitions/);
  });

  it('has a value written where its record goes', () => {
    const { batches, sent } = outputs({ eagerBytes: 200 });
    write(batches, 'one', { id: 1 });
    append(batches, 'one', 'b', '2');
    write(batches, 'one', { text: 'x'.repeat(100) });

    expect(sent).toEqual([{ topic: 'one', partition: 0, values: ['{"id":1}', '2', `{"text":"${'x'.repeat(100)}"}`] }]);
    expect(batches).toMatchObject({ pendingRecords: 0, totalRecords: 3 });
  });

  it('keeps nothing of a value that its serde fails to write', () => {
    const { batches, sent } = outputs();
    write(batches, 'one', { id: 1 });
    const cause = new Error('half of it');
    const failing: Serde<unknown> = {
      ...json(),
      serializeTo: (_value, into) => {
        into.text('half');
        throw cause;
      },
    };

    expect(() => write(batches, 'one', {}, failing)).toThrow(cause);
    write(batches, 'one', { id: 2 });
    batches.flush();

    expect(sent).toEqual([{ topic: 'one', partition: 0, values: ['{"id":1}', '{"id":2}'] }]);
  });

  it('puts a value that no longer fits into the next batch, and refuses one that fits none', () => {
    const { batches, sent } = outputs({ maxBatchBytes: 500 });
    write(batches, 'one', { text: 'a'.repeat(250) });
    write(batches, 'one', { text: 'b'.repeat(250) });
    expect(sent.map(({ values }) => values.length)).toEqual([1]);

    expect(() => write(batches, 'one', { text: 'c'.repeat(600) })).toThrow(
      expect.objectContaining({ code: 'MR_RECORD_TOO_LARGE' }),
    );
    batches.flush();

    expect(sent.map(({ values }) => values[0]?.slice(9, 10))).toEqual(['a', 'b']);
    expect(batches).toMatchObject({ pendingRecords: 0, totalRecords: 2 });
  });
});
