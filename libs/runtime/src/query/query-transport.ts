import { RecordError, TransientError } from '@millrace/kernel';
import type { MemberQuery } from './member-protocol.js';
import { writeMemberQuery } from './member-protocol.js';
import { RETRY_AFTER_MS, unknownStore } from './query-errors.js';

/** Takes queries to other members. */
export interface QueryTransport {
  /**
   * Asks the member whose queries are reached at `advertisedUrl`.
   *
   * @returns what it answers, as {@link writeAnswers} writes it.
   * @throws {TransientError} (retry) `MR_QUERY_UNAVAILABLE` when it does not answer, or not yet.
   * @throws {RecordError} (dead-letter) `MR_QUERY_STORE_UNKNOWN`, `MR_QUERY_INVALID` as the member says.
   */
  ask(advertisedUrl: string, store: string, query: MemberQuery, signal: AbortSignal): Promise<string>;
}

/** How members reach each other over HTTP. */
export interface HttpQueryTransportOptions {
  /**
   * Headers of each request, such as `authorization`, where a guard stands before the queries; asked each time, so that a token may
   * be renewed. Default: none.
   */
  readonly headers?: () => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
}

/** The name of the last part of the route that members ask each other by; such a request is never forwarded again. */
export const MEMBER_QUERIES = 'member-queries';

/** Asks other members over HTTP: `POST <advertisedUrl>/<store>/member-queries`. */
export class HttpQueryTransport implements QueryTransport {
  readonly #headers: NonNullable<HttpQueryTransportOptions['headers']>;

  constructor(options: HttpQueryTransportOptions = {}) {
    this.#headers = options.headers ?? (() => ({}));
  }

  async ask(advertisedUrl: string, store: string, query: MemberQuery, signal: AbortSignal): Promise<string> {
    const url = `${advertisedUrl.replace(/\/$/, '')}/${encodeURIComponent(store)}/${MEMBER_QUERIES}`;
    const headers = { 'content-type': 'application/json', ...(await this.#headers()) };
    try {
      const response = await fetch(url, { method: 'POST', headers, body: writeMemberQuery(query), signal });
      if (response.ok) return await response.text();
      await response.body?.cancel();
      throw refusal(advertisedUrl, store, response);
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      if (cause instanceof RecordError || cause instanceof TransientError) throw cause;
      throw new TransientError('MR_QUERY_UNAVAILABLE', `${advertisedUrl} does not answer`, {
        cause,
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
  }
}

function refusal(advertisedUrl: string, store: string, response: Response): Error {
  const { status } = response;
  if (status === 404)
    return unknownStore(store, `at ${advertisedUrl}: list it in QueriesModule.forRoot of every member`);
  if (status === 400) return new RecordError('MR_QUERY_INVALID', `${advertisedUrl} cannot read the query: update it`);
  if (status === 401 || status === 403) {
    const remedy = 'give credentials by queryTransport: new HttpQueryTransport({ headers })';
    const message = `${advertisedUrl} lets members in no more than clients without credentials: ${remedy}`;
    return new TransientError('MR_QUERY_UNAVAILABLE', message, { retryAfterMs: RETRY_AFTER_MS });
  }
  const retryAfterMs = Number(response.headers.get('retry-after') ?? NaN) * 1_000 || RETRY_AFTER_MS;
  return new TransientError('MR_QUERY_UNAVAILABLE', `${advertisedUrl} has answered ${status}`, { retryAfterMs });
}
