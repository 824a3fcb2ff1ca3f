import {
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  Inject,
  NotFoundException,
  Param,
  Post,
  Query,
  Res,
  UseFilters,
  type Type,
} from '@nestjs/common';
import { RecordError } from '@millrace/kernel';
import { MEMBER_QUERIES, readMemberQuery, writeAnswers, type QueryAnswer, type StoreQueries } from '@millrace/runtime';
import type { StoreQuery, StoreRow, StoreSpec } from '@millrace/streams';
import { InteractiveQueries } from './interactive-queries.js';
import { QUERIES_SETTINGS, type QueriesSettings } from './queries-options.js';
import {
  cursorAfter,
  keyBytes,
  limitOf,
  optionsOf,
  pageAfter,
  timeMs,
  windowAfter,
  type QueryParameters,
} from './query-parameters.js';
import { QueryProblemFilter } from './query-problem.filter.js';

const LAST_MS = Number.MAX_SAFE_INTEGER - 1;

/** What is needed of the response, whatever the platform. */
interface HeaderSink {
  header(name: string, value: string): unknown;
}

/** Some rows, and where the next page begins, if there may be one. */
interface RowPage {
  readonly rows: readonly StoreRow[];
  readonly next?: string;
}

/**
 * The routes of interactive queries; `docs/reference/interactive-queries.md` describes them. A member answers its clients from
 * wherever the rows are, and other members (`member-queries`) from its own stores alone: no request is forwarded twice.
 */
@UseFilters(QueryProblemFilter)
abstract class QueriesController {
  constructor(
    @Inject(QUERIES_SETTINGS) private readonly settings: QueriesSettings,
    @Inject(InteractiveQueries) private readonly interactive: InteractiveQueries,
  ) {}

  @Get(':store/keys/:key')
  async key(
    @Param('store') store: string,
    @Param('key') key: string,
    @Query() given: QueryParameters,
    @Res({ passthrough: true }) response: HeaderSink,
  ): Promise<unknown> {
    const wanted = keyBytes('key', key, this.#spec(store), given['keyEncoding']);
    const asOf = given['asOf'];
    const query: StoreQuery =
      asOf === undefined
        ? { kind: 'key', key: wanted }
        : { kind: 'as-of', key: wanted, timestampMs: timeMs('asOf', asOf, 0) };
    const { rows } = await this.#ask(store, query, given, response);
    if (rows[0] === undefined) throw new NotFoundException(`the store '${store}' has no row of this key`);
    return shown(rows[0]);
  }

  @Get(':store/range')
  range(
    @Param('store') store: string,
    @Query() given: QueryParameters,
    @Res({ passthrough: true }) response: HeaderSink,
  ): Promise<RowPage> {
    const spec = this.#spec(store);
    const bound = (name: 'from' | 'to' | 'prefix'): Record<string, Buffer> => {
      const text = given[name];
      return text === undefined ? {} : { [name]: keyBytes(name, text, spec, given['keyEncoding']) };
    };
    const { prefix } = bound('prefix');
    if (prefix !== undefined) return this.#page(store, { kind: 'prefix', prefix }, given, response);
    return this.#page(store, { kind: 'range', ...bound('from'), ...bound('to') }, given, response);
  }

  @Get(':store/all')
  all(
    @Param('store') store: string,
    @Query() given: QueryParameters,
    @Res({ passthrough: true }) response: HeaderSink,
  ): Promise<RowPage> {
    return this.#page(store, { kind: 'range' }, given, response);
  }

  @Get(':store/windows/:key')
  async windows(
    @Param('store') store: string,
    @Param('key') key: string,
    @Query() given: QueryParameters,
    @Res({ passthrough: true }) response: HeaderSink,
  ): Promise<RowPage> {
    const wanted = keyBytes('key', key, this.#spec(store), given['keyEncoding']);
    const { rows } = await this.#ask(store, { kind: 'windows', key: wanted, ...times(given) }, given, response);
    return { rows: rows.map(shown) };
  }

  @Get(':store/windows')
  allWindows(
    @Param('store') store: string,
    @Query() given: QueryParameters,
    @Res({ passthrough: true }) response: HeaderSink,
  ): Promise<RowPage> {
    return this.#page(store, { kind: 'all-windows', ...times(given) }, given, response);
  }

  @Get(':store/sessions/:key')
  async sessions(
    @Param('store') store: string,
    @Param('key') key: string,
    @Query() given: QueryParameters,
    @Res({ passthrough: true }) response: HeaderSink,
  ): Promise<RowPage> {
    const wanted = keyBytes('key', key, this.#spec(store), given['keyEncoding']);
    const { rows } = await this.#ask(store, { kind: 'sessions', key: wanted, ...times(given) }, given, response);
    return { rows: rows.map(shown) };
  }

  @Post(`:store/${MEMBER_QUERIES}`)
  @HttpCode(200)
  @Header('Content-Type', 'application/json')
  ofMember(@Param('store') store: string, @Body() body: unknown): string {
    const spec = this.#spec(store);
    return writeAnswers(spec, this.#queries.answerHere(store, readMemberQuery(body)));
  }

  get #queries(): StoreQueries {
    return this.interactive.of(this.settings.app);
  }

  /** @throws {RecordError} (dead-letter) `MR_QUERY_STORE_UNKNOWN` for a store that is not served, whether it is there or not. */
  #spec(store: string): StoreSpec {
    if (this.settings.stores.has(store)) return this.#queries.spec(store);
    throw new RecordError('MR_QUERY_STORE_UNKNOWN', 'there is no such store: correct the name');
  }

  async #page(store: string, query: StoreQuery, given: QueryParameters, response: HeaderSink): Promise<RowPage> {
    const spec = this.#spec(store);
    const limit = limitOf(given, this.settings.maxRows);
    const cursor = given['cursor'];
    const after = query.kind === 'all-windows' ? windowAfter(cursor) : pageAfter(cursor);
    const asked = { ...query, limit, ...(after === undefined ? {} : { after }) } as StoreQuery;
    const { rows } = await this.#ask(store, asked, given, response);
    const last = rows.at(-1);
    const next = last === undefined || rows.length < limit ? {} : { next: cursorAfter(spec, last) };
    return { rows: rows.map(shown), ...next };
  }

  async #ask(store: string, query: StoreQuery, given: QueryParameters, response: HeaderSink): Promise<QueryAnswer> {
    const { timeout } = this.settings;
    const answer = await this.#queries.ask(store, query, { ...optionsOf(given), timeout });
    tellSources(answer, response);
    return answer;
  }
}

/** A controller class of its own for each path, as Nest keeps the path with the class. */
export function queriesControllerAt(path: string): Type {
  @Controller(path)
  class QueriesControllerAtPath extends QueriesController {}
  return QueriesControllerAtPath;
}

function times(given: QueryParameters): { readonly fromMs: number; readonly toMs: number } {
  return { fromMs: timeMs('from', given['from'], 0), toMs: timeMs('to', given['to'], LAST_MS) };
}

/** Says who has answered; of several the least fresh counts. */
function tellSources({ sources }: QueryAnswer, response: HeaderSink): void {
  const lag = Math.max(...sources.map(({ lagRecords }) => lagRecords));
  response.header('Millrace-Role', sources.every(({ role }) => role === 'active') ? 'active' : 'standby');
  response.header('Millrace-Lag', Number.isFinite(lag) ? String(lag) : 'unknown');
  response.header('Millrace-Task', sources.map(({ taskId }) => taskId).join(', '));
  response.header('Millrace-Member', [...new Set(sources.map(({ member }) => member))].join(', '));
}

/** A row as JSON shows it: bytes as base64url. */
function shown(row: StoreRow): StoreRow {
  return { ...row, key: textOfBytes(row.key), value: textOfBytes(row.value) };
}

function textOfBytes(value: unknown): unknown {
  return Buffer.isBuffer(value) ? value.toString('base64url') : value;
}
