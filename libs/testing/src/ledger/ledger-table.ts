import { existsSync, readFileSync } from 'node:fs';

/** Names the file to which the ledgers of a run are added, a row of JSON a line. */
export const LEDGER_FILE_VARIABLE = 'MILLRACE_LEDGER_FILE';

/** What became of the records of one test. */
export interface LedgerRow {
  readonly fault: string;
  /** What was observed of the fault; empty when nothing shows that it has fired. */
  readonly fired: string;
  readonly sent: number;
  readonly acknowledged: number;
  /** Different records whose effect was seen. */
  readonly seen: number;
  readonly doubled: number;
  readonly lost: number;
  readonly leaked: number;
}

const COLUMNS = ['fault', 'fired', 'sent', 'acknowledged', 'seen', 'doubled', 'lost', 'leaked'] as const;

/** The rows as a table of Markdown, with columns that line up. */
export function ledgerTable(rows: readonly LedgerRow[]): string {
  const cells = rows.map((row) => COLUMNS.map((column) => String(row[column]).replaceAll('|', '/')));
  const widths = COLUMNS.map((column, at) => Math.max(column.length, ...cells.map((row) => row[at]!.length)));
  const line = (texts: readonly string[]): string =>
    `| ${texts.map((text, at) => (isNumber(at) ? text.padStart(widths[at]!) : text.padEnd(widths[at]!))).join(' | ')} |`;
  const rule = widths.map((width, at) => (isNumber(at) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [line(COLUMNS), line(rule), ...cells.map(line)].join('\n');
}

/** The rows that the ledgers of a run have added to a file; none where there is no file. */
export function readLedgerRows(file: string): LedgerRow[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as LedgerRow);
}

function isNumber(column: number): boolean {
  return column >= COLUMNS.indexOf('sent');
}
