import { FLIGHTS_PREFIX } from '@millrace/app-archival';
import { readManifest, type ObjectStore } from '@millrace/archive';
import type { Cluster } from '@millrace/client';
import { allContracts, deadLettersOf } from '@millrace/schemas';
import type { DataSource } from 'typeorm';
import type { ReplayPlan } from '../replay/replay-plan.js';
import { countRecords } from './count-records.js';
import type { RunFigures } from './run-figures.js';
import type { RunSummary } from './run-summary.js';

/** What a summary is made from. */
export interface SummarySources {
  readonly plan: ReplayPlan;
  /** How much of the plan was published before this run, and by now. */
  readonly positions: { readonly atStart: number; readonly now: number };
  readonly durationMs: number;
  readonly stagesMs: RunSummary['stagesMs'];
  readonly figures: RunFigures;
  readonly cluster: Cluster;
  readonly dataSource: DataSource;
  readonly store: ObjectStore;
}

/** Asks the sinks what stands in them. */
export async function summarize(sources: SummarySources): Promise<RunSummary> {
  const { plan, positions, durationMs, stagesMs, figures, cluster, dataSource, store } = sources;
  const manifest = await readManifest(store, FLIGHTS_PREFIX);
  const airportHours = await countRows(dataSource, 'airport_hourly');
  const carrierDays = await countRows(dataSource, 'carrier_daily');
  const deadLettersByTopic = await countRecords(
    cluster,
    allContracts().map((contract) => deadLettersOf(contract).name),
  );
  const published = plan.eventsBefore(positions.now);
  const publishedByThisRun = published - plan.eventsBefore(positions.atStart);
  return {
    eventsIn: published,
    faultyRecordsIn: Math.max(0, Math.min(positions.now - plan.reference, plan.faulty)),
    referenceRecordsIn: Math.min(positions.now, plan.reference),
    enriched: manifest.reduce((sum, { records }) => sum + records, 0),
    windows: { airportHours, carrierDays },
    rows: airportHours + carrierDays,
    objects: manifest.length,
    deadLetters: Object.values(deadLettersByTopic).reduce((sum, count) => sum + count, 0),
    deadLettersByTopic,
    late: figures.late,
    publishedByThisRun,
    durationMs: Math.round(durationMs),
    eventsPerSecond: durationMs === 0 ? 0 : Math.round((publishedByThisRun * 1000) / durationMs),
    latencyMs: figures.latencyMs(),
    stagesMs,
  };
}

async function countRows(dataSource: DataSource, table: 'airport_hourly' | 'carrier_daily'): Promise<number> {
  const [row] = await dataSource.query<{ rows: number }[]>(`SELECT count(*)::int AS rows FROM ${table}`);
  return row?.rows ?? 0;
}
