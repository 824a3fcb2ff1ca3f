import { describe, expect, it } from '@jest/globals';
import { parseFaultyRecords, type FaultyRecord } from './faulty-records.js';

function parse(text: string): FaultyRecord[] {
  return parseFaultyRecords({ path: 'faulty.ndjson', bytes: Buffer.from(text) });
}

describe('faulty records', () => {
  it('are taken as they are: text, bytes, and filled up to a size', () => {
    const records = parse(
      '{"fault":"not JSON","topic":"t","key":"k","value":"{\\"a"}\n' +
        '{"fault":"not text","topic":"t","key":null,"valueBase64":"/w=="}\n\n' +
        '{"fault":"too large","topic":"t","key":null,"value":"{}","paddedToBytes":5}\n',
    );
    expect(records).toEqual([
      { topic: 't', key: Buffer.from('k'), value: Buffer.from('{"a') },
      { topic: 't', key: null, value: Buffer.from([0xff]) },
      { topic: 't', key: null, value: Buffer.from('{}   ') },
    ]);
  });

  it('are none where there is no file', () => {
    expect(parseFaultyRecords(undefined)).toEqual([]);
  });

  it.each([
    ['{', /faulty\.ndjson, line 1: is not JSON/],
    ['\n{"fault":"f","topic":"t","key":null}', /line 2: .*needs either value or valueBase64/s],
    ['{"fault":"f","topic":"t","key":null,"value":"","extra":1}', /line 1: .*extra/s],
  ])('are refused with the line when the file itself is wrong: %j', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});
