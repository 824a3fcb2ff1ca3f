/**
 * Measures the hot paths: walking batches and building them. Build the workspace, then run the compiled file with Node 24.
 *
 * Prints one line a case: records per second and MB per second, the best of several runs.
 */
import { RecordBatchBuilder, RecordBatchCursor, type Compression } from '../index.js';

const RECORDS_A_BATCH = 5000;
const BATCHES = 40;
const RUNS = 12;

function sample(compression: Compression): Buffer {
  const builder = new RecordBatchBuilder();
  const batches: Buffer[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    builder.reset();
    for (let index = 0; index < RECORDS_A_BATCH; index++) {
      const key = Buffer.from(`key-${(index * 7919) % 1000}`);
      const value = Buffer.from(`{"id":${index},"name":"record ${(index * 31) % 977}",`.padEnd(84, 'x'));
      builder.append(1_700_000_000_000 + index * 3, key, value);
    }
    batches.push(builder.build({ compression }));
  }
  return Buffer.concat(batches);
}

function measure(name: string, records: number, totalBytes: number, work: () => number): void {
  let best = Number.POSITIVE_INFINITY;
  let check = 0;
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    check = work();
    best = Math.min(best, performance.now() - start);
  }
  const rate = (records / best / 1000).toFixed(1);
  console.log(`${name.padEnd(28)} ${rate} M records/s ${(totalBytes / best / 1000).toFixed(0)} MB/s (${check})`);
}

const total = RECORDS_A_BATCH * BATCHES;

for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
  const records = sample(compression);
  const cursor = new RecordBatchCursor();
  measure(`cursor, ${compression} (${records.length} B)`, total, total * 100, () => {
    let sum = 0;
    cursor.reset(records);
    while (cursor.nextBatch()) {
      while (cursor.nextRecord()) sum += cursor.valueEnd - cursor.valueStart + (cursor.offset & 1);
    }
    return sum;
  });
}

const source = sample('none');
const cursor = new RecordBatchCursor();
const target = new RecordBatchBuilder({ initialBytes: 1 << 20 });
measure('builder, appendRange', total, source.length, () => {
  let bytes = 0;
  cursor.reset(source);
  while (cursor.nextBatch()) {
    target.reset();
    while (cursor.nextRecord()) {
      const { buffer } = cursor;
      target.appendRange(
        cursor.timestampMs,
        buffer,
        cursor.keyStart,
        cursor.keyEnd,
        buffer,
        cursor.valueStart,
        cursor.valueEnd,
        buffer,
        cursor.headersStart,
        cursor.headersEnd,
      );
    }
    bytes += target.sizeInBytes;
  }
  return bytes;
});

const key = Buffer.from('key-1234');
const value = Buffer.alloc(84, 'v');
measure('builder, append', total, total * 100, () => {
  target.reset();
  for (let index = 0; index < total; index++) target.append(1_700_000_000_000 + index, key, value);
  return target.sizeInBytes;
});
for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
  target.reset();
  for (let index = 0; index < RECORDS_A_BATCH; index++) target.append(1_700_000_000_000 + index, key, value);
  measure(`build, ${compression}`, RECORDS_A_BATCH, target.sizeInBytes, () => target.build({ compression }).length);
}
