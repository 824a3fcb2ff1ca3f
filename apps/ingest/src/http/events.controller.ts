import { Controller, HttpCode, HttpException, HttpStatus, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { describeError, isMillraceError, TransientError } from '@millrace/kernel';
import type { Contract } from '@millrace/schemas';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IngestHttpConfig } from '../config/ingest-config.js';
import { EventGateway, type Submission } from '../publish/event-gateway.js';
import { INGEST_HTTP_CONFIG } from '../tokens.js';
import { EVENT_MEDIA_TYPES, parseEventBody, type EventMediaType } from './event-body.js';
import { openTopic } from './open-topics.js';

/** How long a client should wait when nothing says how long, in milliseconds. */
const RETRY_AFTER_MS = 1_000;

/** `POST /v1/events/:topic`: events from outside. */
@Controller('v1/events')
export class EventsController {
  readonly #gateway: EventGateway;
  readonly #config: IngestHttpConfig;

  constructor(gateway: EventGateway, @Inject(INGEST_HTTP_CONFIG) config: IngestHttpConfig) {
    this.#gateway = gateway;
    this.#config = config;
  }

  /**
   * Takes one event, an array, or one event a line, and answers when the brokers have what was acceptable.
   *
   * @returns 202 with the counts and, for each event that was refused, its place, the field and what is wrong with it.
   * @throws {HttpException} 400, 404, 413, 415, 422 or 503; the README lists them.
   */
  @Post(':topic')
  @HttpCode(HttpStatus.ACCEPTED)
  async submit(
    @Param('topic') topicName: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Submission> {
    const contract = openTopic(topicName);
    const events = parseEventBody(mediaTypeOf(request), bodyOf(request), this.#config.maxEvents);
    const submission = await this.#submit(contract, events, reply);
    if (submission.accepted > 0) return submission;
    throw new HttpException(
      { statusCode: HttpStatus.UNPROCESSABLE_ENTITY, message: 'No event keeps the contract.', ...submission },
      HttpStatus.UNPROCESSABLE_ENTITY,
    );
  }

  async #submit(
    contract: Contract<unknown, unknown>,
    events: ReturnType<typeof parseEventBody>,
    reply: FastifyReply,
  ): Promise<Submission> {
    try {
      return await this.#gateway.submit(contract, events);
    } catch (cause) {
      if (!isMillraceError(cause)) throw cause;
      const retryAfterMs = (cause instanceof TransientError ? cause.retryAfterMs : undefined) ?? RETRY_AFTER_MS;
      reply.header('retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1000))));
      throw new HttpException(
        {
          statusCode: HttpStatus.SERVICE_UNAVAILABLE,
          message: 'The brokers take no events now: try again later.',
          code: cause.code,
        },
        HttpStatus.SERVICE_UNAVAILABLE,
        { cause, description: describeError(cause) },
      );
    }
  }
}

function mediaTypeOf(request: FastifyRequest): EventMediaType {
  const given = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  const known = EVENT_MEDIA_TYPES.find((each) => each === given);
  if (known !== undefined) return known;
  throw new HttpException(
    { statusCode: HttpStatus.UNSUPPORTED_MEDIA_TYPE, message: `Send events as ${EVENT_MEDIA_TYPES.join(' or ')}.` },
    HttpStatus.UNSUPPORTED_MEDIA_TYPE,
  );
}

/** The parser of `configureIngestHttp` leaves the bytes as they are; a request without a body has none. */
function bodyOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}
