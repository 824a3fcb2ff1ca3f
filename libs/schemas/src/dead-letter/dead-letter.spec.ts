import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { topics } from '../topics.js';
import { deadLettersOf } from './dead-letter-contract.js';
import { deadLetterHeaders, readDeadLetterReason } from './dead-letter-headers.js';

const reason = {
  code: 'MR_RECORD_UNREADABLE',
  message: "a value of 'flights.departures' cannot be read: it is not JSON",
  topic: 'flights.departures',
  partition: 3,
  offset: 17,
  timestampMs: 1_357_035_300_000,
  application: 'enrichment',
  node: 'departures',
  attempts: 3,
};

describe('dead letters', () => {
  it('go to <topic>-dlt with the original bytes and as many partitions as their topic', () => {
    const deadLetters = deadLettersOf(topics.departures);
    const bytes = Buffer.from([0xff, 0x00, 0x7b]);
    expect(deadLetters.name).toBe('flights.departures-dlt');
    expect(deadLetters.creation.partitions).toBe(topics.departures.creation.partitions);
    expect(deadLetters.value.deserialize(deadLetters.value.serialize(bytes), 0, 3)).toEqual(bytes);
  });

  it('carry their reason and origin in headers of UTF-8 text', () => {
    expect(deadLetterHeaders(reason).map(({ key, value }) => [key, value.toString()])).toEqual([
      ['dlt.error.code', 'MR_RECORD_UNREADABLE'],
      ['dlt.error.message', "a value of 'flights.departures' cannot be read: it is not JSON"],
      ['dlt.topic', 'flights.departures'],
      ['dlt.partition', '3'],
      ['dlt.offset', '17'],
      ['dlt.timestamp', '1357035300000'],
      ['dlt.application', 'enrichment'],
      ['dlt.node', 'departures'],
      ['dlt.attempts', '3'],
    ]);
  });

  it('tell their last reason, also after a replay that failed again', () => {
    const text = fc.string({ minLength: 1, unit: 'grapheme' });
    const changes = fc.record({ message: text, node: text, offset: fc.nat(), partition: fc.nat() });
    fc.assert(
      fc.property(changes, (changed) => {
        const headers = [
          ...deadLetterHeaders(reason),
          { key: 'other', value: null },
          ...deadLetterHeaders({ ...reason, ...changed }),
        ];
        expect(readDeadLetterReason(headers)).toEqual({ ...reason, ...changed });
      }),
    );
  });

  it('are told from other records', () => {
    expect(readDeadLetterReason([])).toBeUndefined();
    expect(readDeadLetterReason([{ key: 'dlt.topic', value: Buffer.from('a') }])).toBeUndefined();
  });
});
