import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { throwError, type Observable } from 'rxjs';

/**
 * Hands errors of handlers to the transport as they were thrown.
 *
 * Nest replaces an error that is no `RpcException` by `{ status: 'error', message: 'Internal server error' }`. The transport
 * then knows neither its disposition nor its text. With this filter it knows both:
 *
 * ```ts
 * microservice.useGlobalFilters(new KeepErrorsFilter());
 * ```
 *
 * Filters of controllers and methods come first. Requests are answered with the error, as JSON: whatever an error of yours
 * holds reaches the client, so keep it to handlers of events where clients are not your own.
 */
@Catch()
export class KeepErrorsFilter implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}
