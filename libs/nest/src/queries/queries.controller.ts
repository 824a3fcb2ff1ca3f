import {
  BadRequestException,
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
  UseGuards,
  type CanActivate,
  type Type,
} from '@nestjs/common';
import { RecordError } from '@millrace/kernel';
import { MEMBER_QUERIES, readMemberQuery, writeAnswers, type QueryAnswer, type StoreQueries } from '@millrace/runtime';
import type { StoreQuery, StoreRow, StoreSpec } from '@millrace/streams';
import { InteractiveQueries } from './interactive-queries.js';
import { QUERIES_SETTINGS, type QueriesSettings } from './queries-options.js';
import {
  checkParameters,
  cursorAfter,
  keyBytes,
  limitOf,
  optionsOf,
  resumed,
  timeMs,
  type QueryParameters,
} from './query-parameters.js';
import { QueryProblemFilter } from './query-problem.filter.js';

const LAST_MS = Number.MAX_SAFE_INTEGER - 1;

/** How many tasks the headers of an answer name one by one. */
const MAX_TASKS_TOLD = 16;

/** What is needed of the response, whatever the platform. */
interface HeaderSink {
  header(name: string, value: string): unknown;
}

/** What stands in the path of a route. */
interface StorePath {
  readonly store: string;
  readonly key?: string;
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

  @Get([':store/keys/:key', ':store/keys'])
  async key(
    @Param() { store, key }: StorePath,
    @Query() given: QueryParameters,
    @Res({ passthrough: true }) response: HeaderSink,
  ): Promise<string> {
    const wanted = this.#key(store, key, given, ['asOf']);
    const asOf = given['asOf'];
    const query: StoreQuery =
      asOf === undefined
        ? { kind: 'key', key: wanted }
        : { kind: 'as-of', key: wanted, timestampMs: timeMs('asOf', asOf, 0) };
    const { rows } = await this.#ask(store, query, given, response);
    if (rows[0] === undefined) throw new NotFoundException(`the store '${store}' has no row of this key`);
    return jsonOf(rows[0], response);
  }

  @Get(':store/range')
  range(
    @Param() { store }: StorePath,
    @Query() given: QueryParameters,
    @Res({ passthrough: true }) response: HeaderSink,
  ): Promise<string> {
    checkParameters(given, ['from', 'to', 'prefix', 'keyEncoding', 'limit', 'cursor']);
    const spec = this.#spec(store);
    const bound = (name: 'from' | 'to' | 'prefix'): Record<string, Buffer> => {
      const text = given[name];
      return text === undefined ? {} : { [name]: keyBytes(name, text, spec, given['keyEncoding']) };
    };
    const { prefix } = bound('prefix');
    const bounds = { ...bound('from'), ...bound('to') };
    if (prefix === undefined) return this.#page(store, { kind: 'range', ...bounds }, given, response);
    if (Object.keys(bounds).length === 0) return this.#page(store, { kind: 'prefix', prefix }, given, response);
    throw new BadRequestException('prefix: excludes from and to: give one or the other');
  }

  @Get(':store/all')
  all(
    @Param() { store }: StorePath,
    @Query() given: QueryParameters,
    @Res({ passthrough: true }) response: HeaderSink,
  ): Promise<string> {
    checkParameters(given, ['limit', 'cursor']);
    return this.#page(store, { kind: 'range' }, given, response);
  }

  @Get([':store/windows/:key', ':store/windows'])
  windows(
    @Param() { store, key }: StorePath,
    @Query() given: QueryParameters,
    @Res({ passthrough: true }) response: HeaderSink,
  ): Promise<string> {
    if (key !== undefined || given['key'] !== undefined) {
      const wanted = this.#key(store, key, given, ['from', 'to', 'limit', 'cursor']);
      return this.#page(store, { kind: 'windows', key: wanted, ...times(given) }, given, response);
    }
    checkParameters(given, ['key', 'from', 'to', 'limit', 'cursor']);
    return this.#page(store, { kind: 'all-windows', ...times(given) }, given, response);
  }

  @Get([':store/sessions/:key', ':store/sessions'])
  sessions(
    @Param() { store, key }: StorePath,
    @Query() given: QueryParameters,
    @Res({ passthrough: true }) response: HeaderSink,
  ): Promise<string> {
    const wanted = this.#key(store, key, given, ['from', 'to', 'limit', 'cursor']);
    return this.#page(store, { kind: 'sessions', key: wanted, ...times(given) }, given, response);
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

  /** The key that a route is asked for: in its path or, where it would not stand there, as a parameter. */
  #key(store: string, inPath: string | undefined, given: QueryParameters, known: readonly string[]): Buffer {
    checkParameters(given, [...known, 'keyEncoding', ...(inPath === undefined ? ['key'] : [])]);
    const text = inPath ?? given['key'];
    if (text === undefined) throw new BadRequestException('key: is missing: give it in the path, or as ?key=');
    return keyBytes('key', text, this.#spec(store), given['keyEncoding']);
  }

  async #page(store: string, query: StoreQuery, given: QueryParameters, response: HeaderSink): Promise<string> {
    const spec = this.#spec(store);
    const limit = limitOf(given, this.settings.maxRows);
    const asked = { ...resumed(query, given['cursor']), limit } as StoreQuery;
    const { rows } = await this.#ask(store, asked, given, response);
    const last = rows.at(-1);
    const next = last === undefined || rows.length < limit ? {} : { next: cursorAfter(spec, query, last) };
    return jsonOf({ rows, ...next }, response);
  }

  async #ask(store: string, query: StoreQuery, given: QueryParameters, response: HeaderSink): Promise<QueryAnswer> {
    const { timeout } = this.settings;
    const answer = await this.#queries.ask(store, query, { ...optionsOf(given), timeout });
    tellSources(answer, response);
    return answer;
  }
}

/** A controller class of its own for each path, as Nest keeps the path and the guards with the class. */
export function queriesControllerAt(path: string, guards: readonly (Type<CanActivate> | CanActivate)[]): Type {
  @Controller(path)
  @UseGuards(...guards)
  class QueriesControllerAtPath extends QueriesController {}
  return QueriesControllerAtPath;
}

function times(given: QueryParameters): { readonly fromMs: number; readonly toMs: number } {
  return { fromMs: timeMs('from', given['from'], 0), toMs: timeMs('to', given['to'], LAST_MS) };
}

/** Says who has answered; of several the least fresh counts. No cache may keep it. */
function tellSources({ sources }: QueryAnswer, response: HeaderSink): void {
  const lag = Math.max(...sources.map(({ lagRecords }) => lagRecords));
  response.header('Cache-Control', 'no-store');
  response.header('Millrace-Role', sources.every(({ role }) => role === 'active') ? 'active' : 'standby');
  response.header('Millrace-Lag', Number.isFinite(lag) ? String(lag) : 'unknown');
  response.header('Millrace-Task', tasksText(sources.map(({ taskId }) => taskId)));
  response.header('Millrace-Member', [...new Set(sources.map(({ member }) => member))].join(', '));
}

/** The names of tasks; of many, which are all tasks of a sub-topology, the first and the last: clients bear headers of some KB only. */
function tasksText(taskIds: readonly string[]): string {
  if (taskIds.length <= MAX_TASKS_TOLD) return taskIds.join(', ');
  return `${taskIds[0]} to ${taskIds.at(-1)}`;
}

/** What JSON shows of rows: bytes as base64url, and whole numbers that JSON's readers would round as text. */
function jsonOf(shown: StoreRow | RowPage, response: HeaderSink): string {
  response.header('Content-Type', 'application/json; charset=utf-8');
  return JSON.stringify(shown, function (this: Record<string, unknown>, name, value: unknown) {
    // JSON.stringify has called toJSON of the buffer already.
    const held = this[name];
    if (held instanceof Uint8Array) {
      return Buffer.from(held.buffer, held.byteOffset, held.byteLength).toString('base64url');
    }
    return typeof value === 'bigint' ? value.toString() : value;
  });
}
