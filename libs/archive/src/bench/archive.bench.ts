/** How fast flights are archived and read back, on the file system: `node libs/archive/dist/bench/archive.bench.js [FLIGHTS]`. */
import { SystemClock } from '@millrace/kernel';
import type { SinkRecord } from '@millrace/streams';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Column } from '../parquet/column.js';
import { readArchive } from '../read/read-archive.js';
import { ArchiveSink } from '../sink/archive-sink.js';
import { FileSystemObjectStore } from '../store/file-system-object-store.js';

type Flight = Record<string, string | number | boolean | null>;

const CARRIERS = ['United Air Lines Inc.', 'JetBlue Airways', 'Delta Air Lines Inc.', 'Envoy Air'];
const TYPES: Record<string, Column<Flight>['type']> = {
  carrier: 'string',
  flight: 'int32',
  tailNumber: 'string',
  origin: 'string',
  dest: 'string',
  scheduledAt: 'timestamp',
  timeHour: 'timestamp',
  minute: 'int32',
  departed: 'boolean',
  departureDelayMinutes: 'int32',
  arrivalDelayMinutes: 'int32',
  airTimeMinutes: 'int32',
  distanceMiles: 'int32',
  aircraftModel: 'string',
  carrierName: 'string',
  destName: 'string',
  temperatureF: 'double',
  windSpeedMph: 'double',
};
const columns = Object.entries(TYPES).map(([name, type]): Column<Flight> => ({
  name,
  type,
  of: (flight) => flight[name] as string | number | boolean | null,
}));

function aFlight(nth: number): Flight {
  const hourMs = Date.UTC(2013, 0, 1) + Math.floor(nth / 38) * 3_600_000;
  return {
    carrier: ['UA', 'B6', 'DL', 'MQ'][nth % 4] as string,
    flight: (nth * 7) % 6_000,
    tailNumber: nth % 50 === 0 ? null : `N${10_000 + ((nth * 13) % 4_000)}`,
    origin: ['EWR', 'JFK', 'LGA'][nth % 3] as string,
    dest: `D${nth % 100}`,
    scheduledAt: hourMs + (nth % 60) * 60_000,
    timeHour: hourMs,
    minute: nth % 60,
    departed: nth % 40 !== 0,
    departureDelayMinutes: (nth % 90) - 20,
    arrivalDelayMinutes: (nth % 110) - 30,
    airTimeMinutes: 60 + (nth % 300),
    distanceMiles: 200 + (nth % 2_000),
    aircraftModel: `A${nth % 120}`,
    carrierName: CARRIERS[nth % 4] as string,
    destName: `Airport ${nth % 100}`,
    temperatureF: 30 + (nth % 5_000) / 100,
    windSpeedMph: (nth % 40) * 1.15078,
  };
}

const flights = Number(process.argv[2] ?? 336_776);
const clock = new SystemClock();
const folder = await mkdtemp(path.join(tmpdir(), 'millrace-archive-'));
const store = new FileSystemObjectStore(folder);
const place = { topic: 'flights.enriched', partition: 0 };
const sink = new ArchiveSink({ store, prefix: 'flights', columns });
await sink.open(place);

const BATCH = 5_000;
let writeMs = 0;
let longestMs = 0;
for (let first = 0; first < flights; first += BATCH) {
  const end = Math.min(first + BATCH, flights);
  const records: SinkRecord<unknown, Flight>[] = [];
  for (let offset = first; offset < end; offset++) {
    records.push({ offset, timestampMs: 0, key: null, value: aFlight(offset), headers: [] });
  }
  const startedMs = clock.monotonicMs();
  await sink.write({ ...place, firstOffset: first, nextOffset: end, records });
  const tookMs = clock.monotonicMs() - startedMs;
  writeMs += tookMs;
  longestMs = Math.max(longestMs, tookMs);
}
const flushedMs = clock.monotonicMs();
await sink.flush();
writeMs += clock.monotonicMs() - flushedMs;

const readStartMs = clock.monotonicMs();
let rows = 0;
let bytes = 0;
let objects = 0;
for await (const object of readArchive(store, 'flights')) {
  rows += object.rows;
  bytes += object.entry.bytes;
  objects++;
}
const readMs = clock.monotonicMs() - readStartMs;
const rate = (ms: number): string => `${Math.round((rows / ms) * 1_000).toLocaleString('en')} rows/s`;
console.log(
  `${rows} rows in ${objects} objects of together ${(bytes / 1e6).toFixed(1)} MB (${(bytes / rows).toFixed(1)} bytes a row)`,
);
console.log(
  `written: ${rate(writeMs)} (${Math.round(writeMs)} ms; the longest of the batches of ${BATCH}: ${Math.round(longestMs)} ms)`,
);
console.log(`read and verified: ${rate(readMs)} (${Math.round(readMs)} ms)`);
await rm(folder, { recursive: true });
