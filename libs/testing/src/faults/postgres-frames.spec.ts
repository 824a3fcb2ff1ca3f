import { describe, expect, it } from '@jest/globals';
import { PostgresFrames, saysCommitted, sqlOf } from './postgres-frames.js';

/** A message with its type and length, as it stands on the wire. */
function frame(type: string, body: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + body.length);
  return Buffer.concat([Buffer.from(type), length, Buffer.from(body)]);
}

describe("PostgreSQL's messages", () => {
  const startup = frame('', 'user\0millrace\0\0');
  const parse = frame('P', 'statement-1\0INSERT INTO airports VALUES ($1)\0\0\0');
  const query = frame('Q', 'COMMIT\0');

  it.each([1, 3, 1_000])('are found in chunks of %i bytes', (size) => {
    const stream = Buffer.concat([startup, parse, query]);
    const frames = new PostgresFrames('client');
    const found = [];

    for (let from = 0; from < stream.length; from += size)
      found.push(...frames.push(stream.subarray(from, from + size)));

    expect(found.map(({ type }) => type)).toEqual(['', 'P', 'Q']);
    expect(Buffer.concat(found.map(({ bytes }) => bytes)).equals(stream)).toBe(true);
    expect(found.map(sqlOf)).toEqual([undefined, 'INSERT INTO airports VALUES ($1)', 'COMMIT']);
  });

  it('say when a COMMIT was done, and only then', () => {
    const answers = ['COMMIT\0', 'ROLLBACK\0', 'INSERT 0 1\0'].map((tag) => frame('C', tag));
    const found = new PostgresFrames('server').push(Buffer.concat(answers));

    expect(found.map(saysCommitted)).toEqual([true, false, false]);
  });
});
