import { HttpException, HttpStatus } from '@nestjs/common';

/** One event of a request: its JSON value, or why it is not JSON. */
export type SubmittedEvent = { readonly value: unknown } | { readonly problem: string };

/** The media types that events may come in. */
export const EVENT_MEDIA_TYPES = ['application/json', 'application/x-ndjson'] as const;

/** One of {@link EVENT_MEDIA_TYPES}. */
export type EventMediaType = (typeof EVENT_MEDIA_TYPES)[number];

const LINE_FEED = 0x0a;

/**
 * Splits the body of a request into its events: one JSON object or an array of them, or one JSON object a line, in which a
 * line that is not JSON spoils only itself. Blank lines are passed over and do not count.
 *
 * @throws {HttpException} 400 when the body is empty or is not JSON, 413 when it holds more than `maxEvents`.
 */
export function parseEventBody(mediaType: EventMediaType, body: Buffer, maxEvents: number): SubmittedEvent[] {
  const events = mediaType === 'application/x-ndjson' ? eventsOfLines(body, maxEvents) : eventsOfJson(body);
  if (events.length === 0) throw refused(HttpStatus.BAD_REQUEST, 'The body holds no event.');
  if (events.length > maxEvents) throw tooMany(maxEvents);
  return events;
}

function eventsOfJson(body: Buffer): SubmittedEvent[] {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw refused(HttpStatus.BAD_REQUEST, `The body is not JSON: ${placeOf(cause)}`);
  }
  return Array.isArray(value) ? value.map((each: unknown) => ({ value: each })) : [{ value }];
}

function eventsOfLines(body: Buffer, maxEvents: number): SubmittedEvent[] {
  const events: SubmittedEvent[] = [];
  for (let start = 0; start < body.length;) {
    const lineFeed = body.indexOf(LINE_FEED, start);
    const end = lineFeed === -1 ? body.length : lineFeed;
    const line = body.toString('utf8', start, end).trim();
    start = end + 1;
    if (line === '') continue;
    if (events.length === maxEvents) throw tooMany(maxEvents);
    events.push(eventOfLine(line));
  }
  return events;
}

function eventOfLine(line: string): SubmittedEvent {
  try {
    return { value: JSON.parse(line) as unknown };
  } catch (cause) {
    return { problem: `is not JSON: ${placeOf(cause)}` };
  }
}

/** Where JSON.parse stopped, without the text around it, which may hold what must not be repeated. */
function placeOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : '';
  const position = / at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(message)?.[1];
  if (position !== undefined) return `something is wrong at character ${position}.`;
  return message === 'Unexpected end of JSON input' ? 'it ends too early.' : 'something stands where it may not.';
}

function tooMany(maxEvents: number): HttpException {
  return refused(
    HttpStatus.PAYLOAD_TOO_LARGE,
    `A request may hold ${maxEvents} events at most: send the rest in another.`,
  );
}

function refused(status: HttpStatus, message: string): HttpException {
  return new HttpException({ statusCode: status, message }, status);
}
