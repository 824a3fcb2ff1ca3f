import { STAGES, type RunSummary } from './run-summary.js';

const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** The summary as a table of two columns for a person. */
export function summaryTable(summary: RunSummary): string {
  const { windows, latencyMs, stagesMs } = summary;
  const rows: [string, string][] = [
    ['events in', count(summary.eventsIn)],
    ['enriched', count(summary.enriched)],
    ['windows', `${count(windows.airportHours)} airport hours, ${count(windows.carrierDays)} carrier days`],
    ['rows', count(summary.rows)],
    ['objects', count(summary.objects)],
    ['dead letters', deadLetters(summary)],
    ['late', count(summary.late)],
    ['duration', seconds(summary.durationMs)],
    ['events/s', count(summary.eventsPerSecond)],
    ['latency', latency(latencyMs)],
    ['time by stage', STAGES.map((stage) => `${stage} ${seconds(stagesMs[stage])}`).join(', ')],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}\n`).join('');
}

function deadLetters(summary: RunSummary): string {
  const byTopic = Object.entries(summary.deadLettersByTopic).filter(([, records]) => records > 0);
  const detail = byTopic.map(([topic, records]) => `${count(records)} ${topic}`).join(', ');
  return detail === '' ? count(summary.deadLetters) : `${count(summary.deadLetters)} (${detail})`;
}

/** A run that went on from a finished one has measured nothing. */
function latency({ p50, p95, p99 }: RunSummary['latencyMs']): string {
  return p99 === 0 ? 'nothing measured' : `p50 ${ms(p50)}, p95 ${ms(p95)}, p99 ${ms(p99)}`;
}

function count(value: number): string {
  return WHOLE.format(value);
}

function seconds(valueMs: number): string {
  return `${(valueMs / 1000).toFixed(1)} s`;
}

function ms(value: number): string {
  return `${WHOLE.format(value)} ms`;
}
