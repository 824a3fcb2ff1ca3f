import { Catch, HttpStatus, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { TransientError } from '@millrace/kernel';
import { retryAfterSeconds } from '@millrace/nest';

/** Answers 503 with `Retry-After` when something behind the app is away for now. */
@Catch(TransientError)
export class UnavailableFilter implements ExceptionFilter<TransientError> {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(error: TransientError, host: ArgumentsHost): void {
    const { httpAdapter } = this.adapterHost;
    const response: unknown = host.switchToHttp().getResponse();
    const statusCode = HttpStatus.SERVICE_UNAVAILABLE;
    httpAdapter.setHeader(response, 'Retry-After', String(retryAfterSeconds(error)));
    const { code } = error;
    httpAdapter.reply(response, { statusCode, message: 'Not available right now: try again.', code }, statusCode);
  }
}
