/**
 * What members ask each other: queries and rows as JSON, keys and values in it as base64url of the bytes that the store's serdes
 * write, so that a value arrives as what it is.
 */
import { RecordError, TransientError } from '@millrace/kernel';
import type { QueryIsolation, SessionsQuery, StoreQuery, StoreRow, StoreSpec } from '@millrace/streams';
import { RETRY_AFTER_MS } from './query-errors.js';
import type { TaskRole } from './task-directory.js';

/** A query that one member sends another; it is answered there or not at all. */
export interface MemberQuery {
  readonly query: StoreQuery;
  readonly partitions: readonly number[];
  readonly allowStandby: boolean;
  /** Absent: any. */
  readonly maxLagRecords?: number;
  readonly isolation: QueryIsolation;
}

/** Where the rows of a partition come from. */
export interface AnswerSource {
  readonly partition: number;
  /** `<topology>/<sub-topology id>_<partition>`. */
  readonly taskId: string;
  readonly role: TaskRole;
  /** Records of the changelog that the rows may lack; 0 from an active task. */
  readonly lagRecords: number;
  /** The process that answered. */
  readonly member: string;
}

/** What the task of one partition answers. */
export interface PartitionAnswer {
  readonly source: AnswerSource;
  readonly rows: readonly StoreRow[];
}

/** Keys of a query's fields that hold bytes. */
const BYTE_FIELDS: ReadonlySet<string> = new Set(['key', 'from', 'to', 'after', 'prefix']);

/** The fields without which there is no query of a kind. */
const NEEDED: Readonly<Record<StoreQuery['kind'], readonly string[]>> = {
  key: ['key'],
  'as-of': ['key', 'timestampMs'],
  range: [],
  prefix: ['prefix'],
  windows: ['key', 'fromMs', 'toMs'],
  'all-windows': ['fromMs', 'toMs'],
  sessions: ['key', 'fromMs', 'toMs'],
};

interface WireRow {
  readonly key: string;
  readonly value: string;
  readonly timestampMs: number;
  readonly startMs?: number;
  readonly endMs?: number;
}

interface WireAnswer {
  readonly source: Omit<AnswerSource, 'lagRecords'> & { readonly lagRecords: number | null };
  readonly rows: readonly WireRow[];
}

export function writeMemberQuery(query: MemberQuery): string {
  return JSON.stringify(query, function (this: Record<string, unknown>, name, value: unknown) {
    // JSON.stringify has called toJSON of the buffer already.
    const held = this[name];
    return Buffer.isBuffer(held) ? held.toString('base64url') : value;
  });
}

/** @throws {RecordError} (dead-letter) `MR_QUERY_INVALID` for what {@link writeMemberQuery} does not write. */
export function readMemberQuery(body: unknown): MemberQuery {
  const { query, partitions, allowStandby, maxLagRecords, isolation } = (body ?? {}) as Partial<MemberQuery>;
  const fields: unknown = typeof query === 'object' && query !== null ? readBytes(query) : undefined;
  const arePartitions =
    Array.isArray(partitions) &&
    partitions.every((each) => Number.isInteger(each)) &&
    new Set(partitions).size === partitions.length;
  if (!isStoreQuery(fields) || !arePartitions || (isolation !== 'read_committed' && isolation !== 'read_uncommitted')) {
    throw new RecordError('MR_QUERY_INVALID', 'the body is not a query of a member: use the routes for clients');
  }
  // JSON has no Infinity: any number arrives as null.
  const lag = typeof maxLagRecords === 'number' ? { maxLagRecords } : {};
  return { query: fields, partitions, allowStandby: allowStandby === true, isolation, ...lag };
}

export function writeAnswers(spec: StoreSpec, answers: readonly PartitionAnswer[]): string {
  return JSON.stringify(answers.map(({ source, rows }) => ({ source, rows: rows.map((row) => writeRow(spec, row)) })));
}

/**
 * @throws {TransientError} (retry) `MR_QUERY_UNAVAILABLE` when the body is not what {@link writeAnswers} writes.
 * @throws {RecordError} (dead-letter) `MR_RECORD_UNREADABLE` when a row is not what the serdes of this member read.
 */
export function readAnswers(spec: StoreSpec, body: string): PartitionAnswer[] {
  return parsed(body).map(({ source, rows }) => ({
    // JSON has no Infinity: a lag that nobody knows arrives as null.
    source: { ...source, lagRecords: source.lagRecords ?? Infinity },
    rows: rows.map((row) => readRow(spec, row)),
  }));
}

function parsed(body: string): readonly WireAnswer[] {
  let answers: unknown;
  try {
    answers = JSON.parse(body);
  } catch {
    // What JSON.parse says of it would quote it.
  }
  if (Array.isArray(answers) && answers.every(isWireAnswer)) return answers;
  throw new TransientError(
    'MR_QUERY_UNAVAILABLE',
    'what has answered is no member: see what listens at advertisedUrl',
    {
      retryAfterMs: RETRY_AFTER_MS,
    },
  );
}

function isWireAnswer(answer: unknown): answer is WireAnswer {
  const { source, rows } = (answer ?? {}) as Partial<WireAnswer>;
  if (typeof source?.taskId !== 'string' || !Array.isArray(rows)) return false;
  return (rows as readonly unknown[]).every((row) => {
    const { key, value } = (row ?? {}) as Partial<WireRow>;
    return typeof key === 'string' && typeof value === 'string';
  });
}

function writeRow(spec: StoreSpec, row: StoreRow): WireRow {
  const key = spec.key.serialize(row.key).toString('base64url');
  return { ...row, key, value: spec.value.serialize(row.value).toString('base64url') };
}

function readRow(spec: StoreSpec, row: WireRow): StoreRow {
  const key = Buffer.from(row.key, 'base64url');
  const value = Buffer.from(row.value, 'base64url');
  return {
    ...row,
    key: spec.key.deserialize(key, 0, key.length),
    value: spec.value.deserialize(value, 0, value.length),
  };
}

/** Whether the fields that a kind of query needs are there, and are what they should be. */
function isStoreQuery(fields: unknown): fields is StoreQuery {
  if (typeof fields !== 'object' || fields === null || !('kind' in fields)) return false;
  const needed = Object.entries(NEEDED).find(([kind]) => kind === fields.kind)?.[1];
  const areThere = needed?.every((name) => isOfField(name, (fields as Record<string, unknown>)[name])) ?? false;
  return (
    areThere &&
    Object.entries(fields).every(([name, value]) => !BYTE_FIELDS.has(name) || isPlace(value)) &&
    isSession((fields as Partial<SessionsQuery>).afterSession ?? { startMs: 0, endMs: 0 })
  );
}

function isSession(value: unknown): boolean {
  const { startMs, endMs } = (value ?? {}) as { readonly startMs?: unknown; readonly endMs?: unknown };
  return typeof startMs === 'number' && typeof endMs === 'number';
}

/** A key, or that of a window with its start. */
function isPlace(value: unknown): boolean {
  if (Buffer.isBuffer(value)) return true;
  const { startMs, key } = (value ?? {}) as { readonly startMs?: unknown; readonly key?: unknown };
  return typeof startMs === 'number' && Buffer.isBuffer(key);
}

function isOfField(name: string, value: unknown): boolean {
  return BYTE_FIELDS.has(name) ? Buffer.isBuffer(value) : typeof value === 'number';
}

/** The same with bytes where base64url stands for them. */
function readBytes(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]: [string, unknown]) => {
      if (typeof value === 'object' && value !== null) return [name, readBytes(value)];
      return [name, BYTE_FIELDS.has(name) && typeof value === 'string' ? Buffer.from(value, 'base64url') : value];
    }),
  );
}
