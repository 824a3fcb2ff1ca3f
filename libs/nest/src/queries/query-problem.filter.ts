import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { describeError, isMillraceError, type MillraceError, type TransientError } from '@millrace/kernel';
import { retryAfterSeconds } from '../http/retry-after.js';

/** What went wrong, as `application/problem+json` (RFC 9457). */
interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  /** The error code, see `docs/reference/error-codes.md`. */
  readonly code?: string;
}

const NOT_FOUND: Problem = { title: 'Not found', status: 404 };
const TITLES: Readonly<Record<number, string>> = { 400: 'The request is wrong', 404: NOT_FOUND.title };

/** Answers failed queries: 404 and 400 with what to do, 503 with `Retry-After`; what nobody expects as 500, and in the log. */
@Catch()
export class QueryProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger('Queries');

  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const { httpAdapter } = this.adapterHost;
    const response: unknown = host.switchToHttp().getResponse();
    const problem = this.#problemOf(error);
    if (problem.status === 503) httpAdapter.setHeader(response, 'Retry-After', String(retryAfterSeconds(error)));
    httpAdapter.setHeader(response, 'Content-Type', 'application/problem+json');
    httpAdapter.reply(response, JSON.stringify(problem), problem.status);
  }

  #problemOf(error: unknown): Problem {
    if (error instanceof HttpException) {
      const status = error.getStatus();
      return { title: TITLES[status] ?? 'The request is refused', status, detail: error.message };
    }
    if (isMillraceError(error)) {
      const { code, message: detail } = error;
      if (code === 'MR_QUERY_STORE_UNKNOWN') return { ...NOT_FOUND, detail, code };
      if (code === 'MR_QUERY_INVALID') return { title: 'The query is wrong', status: 400, detail, code };
      if (isRetriable(error)) return { title: 'Not available right now', status: 503, detail, code };
    }
    this.#logger.error(`a query has failed: ${describeError(error)}`);
    return { title: 'The query has failed', status: 500 };
  }
}

function isRetriable(error: MillraceError): error is TransientError {
  return error.disposition === 'retry' || error.code === 'MR_LIFECYCLE_ORDER';
}
