import { describe, expect, it } from '@jest/globals';
import type { RunSummary } from './run-summary.js';
import { summaryTable } from './summary-table.js';

const summary: RunSummary = {
  eventsIn: 362_891,
  faultyRecordsIn: 3,
  referenceRecordsIn: 4796,
  enriched: 336_776,
  windows: { airportHours: 19_486, carrierDays: 5_442 },
  rows: 24_928,
  objects: 1_095,
  deadLetters: 3,
  deadLettersByTopic: { 'flights.departures-dlt': 2, 'weather.observations-dlt': 1, 'reference.aircraft-dlt': 0 },
  late: 0,
  publishedByThisRun: 362_891,
  durationMs: 12_345,
  eventsPerSecond: 29_396.4,
  latencyMs: { p50: 120, p95: 480, p99: 1_234 },
  stagesMs: { start: 900, load: 600, replay: 11_000, drain: 1_300, export: 2_000 },
};

describe('the summary as a table', () => {
  it('shows every figure with its unit', () => {
    expect(summaryTable(summary)).toBe(
      [
        '  events in      362,891',
        '  enriched       336,776',
        '  windows        19,486 airport hours, 5,442 carrier days',
        '  rows           24,928',
        '  objects        1,095',
        '  dead letters   3 (2 flights.departures-dlt, 1 weather.observations-dlt)',
        '  late           0',
        '  duration       12.3 s',
        '  events/s       29,396',
        '  latency        p50 120 ms, p95 480 ms, p99 1,234 ms',
        '  time by stage  start 0.9 s, load 0.6 s, replay 11.0 s, drain 1.3 s, export 2.0 s',
        '',
      ].join('\n'),
    );
  });
});
