import type { InputLedger, InputRecord } from '../workload/input-ledger.js';
import { Violation } from './violation.js';

/** Checks the output of a part of the application whose records do not answer its input one by one. */
export interface PartCheck {
  /** Takes the next committed record of an output. @throws {Violation} when it must not be. */
  take(topic: string, key: string, value: unknown): void;
  /** How many effects are to come, so far as is known. */
  missing(): number;
  /** At the end, when nothing is missing: what the outputs say as a whole. @throws {Violation} */
  verify(): void;
  readonly count: number;
  /** Effects that came again. */
  readonly repeats: number;
}

/** What a part's check knows. */
export interface PartCheckOptions {
  readonly ledger: InputLedger;
  /** Whether the application runs at least once. */
  readonly mayRepeat: boolean;
}

/** A record of a topic that counts. @throws {Violation} `no-aborted-data` when it is none of that key. */
export function committedRecord(ledger: InputLedger, topic: string, key: string, id: number): InputRecord {
  const record = ledger.get(id);
  const what = `record ${id} (key '${key}')`;
  if (record?.topic !== topic) throw new Violation('no-aborted-data', `${topic}: ${what} was never written by anybody`);
  if (record.isAborted) throw new Violation('no-aborted-data', `${topic}: ${what} is of an aborted transaction`);
  if (record.key !== key) throw new Violation('no-aborted-data', `${topic}: ${what} belongs to key ${record.key}`);
  return record;
}

/** The records of a topic that count, by key and in the order of the log, which is known when everything was acknowledged. */
export function committedByKey(ledger: InputLedger, topic: string): ReadonlyMap<string, readonly InputRecord[]> {
  const byKey = new Map<string, InputRecord[]>();
  for (const record of ledger.committed(topic)) {
    const known = byKey.get(record.key);
    if (known === undefined) byKey.set(record.key, [record]);
    else known.push(record);
  }
  for (const records of byKey.values()) records.sort((a, b) => (a.offset ?? Infinity) - (b.offset ?? Infinity));
  return byKey;
}
