import rateLimit from '@fastify/rate-limit';
import { HttpException, HttpStatus } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { IngestHttpConfig } from '../config/ingest-config.js';
import { EVENT_MEDIA_TYPES } from './event-body.js';

/** Where events are posted; the limits below hold only here. */
const EVENTS_PREFIX = '/v1/events/';

/**
 * Prepares the HTTP server for the ingest endpoint: bodies of events stay bytes, and each client may send only so often.
 *
 * The application must have been made with `bodyParser: false`: Nest's own JSON parser would read a body before its size in
 * events is known. Call it before `listen`.
 */
export async function configureIngestHttp(app: NestFastifyApplication, config: IngestHttpConfig): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.removeContentTypeParser('application/json');
  fastify.addContentTypeParser(
    [...EVENT_MEDIA_TYPES],
    { parseAs: 'buffer', bodyLimit: config.maxBodyBytes },
    (_request, body, done) => done(null, body),
  );
  await app.register(rateLimit, {
    max: config.maxRequestsPerSecond,
    timeWindow: 1_000,
    errorResponseBuilder: (_request, { after, max }) => tooOften(max, after),
    allowList: (request: { url: string }) => !request.url.startsWith(EVENTS_PREFIX),
  });
}

function tooOften(maxRequestsPerSecond: number, after: string): HttpException {
  return new HttpException(
    {
      statusCode: HttpStatus.TOO_MANY_REQUESTS,
      message: `More than ${maxRequestsPerSecond} requests a second: wait ${after}, or send more events in each.`,
    },
    HttpStatus.TOO_MANY_REQUESTS,
  );
}
