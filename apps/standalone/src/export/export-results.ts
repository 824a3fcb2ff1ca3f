import { readManifest, type ObjectStore } from '@millrace/archive';
import { FLIGHTS_PREFIX } from '@millrace/app-archival';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { DataSource } from 'typeorm';
import { ENRICHED_HEADER, enrichedLines } from './enriched-lines.js';
import { AIRPORT_HOURLY, CARRIER_DAILY, tableLines } from './table-lines.js';

/** Lines that go to the file in one write. */
const LINES_A_WRITE = 5_000;

/** The sinks that are read back. */
export interface ExportSources {
  readonly dataSource: DataSource;
  readonly store: ObjectStore;
}

/** Writes what stands in the sinks: `airport_hourly.csv`, `carrier_daily.csv`, `enriched.csv` and `manifest.json`. */
export async function exportResults(folder: string, { dataSource, store }: ExportSources): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeLines(path.join(folder, 'airport_hourly.csv'), await tableLines(dataSource, AIRPORT_HOURLY));
  await writeLines(path.join(folder, 'carrier_daily.csv'), await tableLines(dataSource, CARRIER_DAILY));
  await writeLines(path.join(folder, 'enriched.csv'), [ENRICHED_HEADER, ...(await enrichedLines(store))]);
  const manifest = await readManifest(store, FLIGHTS_PREFIX);
  await writeFile(path.join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

async function writeLines(file: string, lines: readonly string[]): Promise<void> {
  await writeFile(file, chunksOf(lines));
}

function* chunksOf(lines: readonly string[]): Generator<string> {
  for (let first = 0; first < lines.length; first += LINES_A_WRITE) {
    yield lines.slice(first, first + LINES_A_WRITE).join('');
  }
}
