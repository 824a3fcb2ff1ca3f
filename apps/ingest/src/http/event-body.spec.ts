import { describe, expect, it } from '@jest/globals';
import { HttpException } from '@nestjs/common';
import { parseEventBody, type EventMediaType } from './event-body.js';

function parse(text: string, mediaType: EventMediaType = 'application/json', maxEvents = 3) {
  return parseEventBody(mediaType, Buffer.from(text), maxEvents);
}

function statusOf(work: () => unknown): number {
  try {
    work();
  } catch (failure) {
    if (failure instanceof HttpException) return failure.getStatus();
    throw failure;
  }
  return 202;
}

describe('the body of a request', () => {
  it('holds one event, an array, or one a line', () => {
    expect(parse('{"a":1}')).toEqual([{ value: { a: 1 } }]);
    expect(parse('[{"a":1},{"a":2}]')).toEqual([{ value: { a: 1 } }, { value: { a: 2 } }]);
    expect(parse('{"a":1}\r\n\n{"a":2}', 'application/x-ndjson')).toEqual([{ value: { a: 1 } }, { value: { a: 2 } }]);
  });

  it('keeps the good lines when one is not JSON', () => {
    const events = parse('{"a":1}\n{"a":\n{"a":3}\n', 'application/x-ndjson');
    expect(events[0]).toEqual({ value: { a: 1 } });
    expect(events[1]).toEqual({ problem: 'is not JSON: it ends too early.' });
    expect(events[2]).toEqual({ value: { a: 3 } });
  });

  it('is refused with 400 when it is not JSON, and the answer repeats nothing of it', () => {
    expect(statusOf(() => parse('{"secret":x}'))).toBe(400);
    expect(() => parse('{"secret":x}')).toThrow(/^The body is not JSON: something stands where it may not\.$/);
    expect(() => parse('{"secret" 1}')).toThrow(/^The body is not JSON: something is wrong at character 10\.$/);
  });

  it.each(['', '[]'])('is refused with 400 when it holds nothing: %j', (text) => {
    expect(statusOf(() => parse(text))).toBe(400);
  });

  it('is refused with 400 when it holds only blank lines', () => {
    expect(statusOf(() => parse('\n \n', 'application/x-ndjson'))).toBe(400);
  });

  it('is refused with 413 when it holds more events than allowed', () => {
    expect(statusOf(() => parse('[1,2,3,4]'))).toBe(413);
    expect(statusOf(() => parse('1\n2\n3\n4\n', 'application/x-ndjson'))).toBe(413);
    expect(() => parse('[1,2,3,4]')).toThrow('3 events at most');
  });
});
