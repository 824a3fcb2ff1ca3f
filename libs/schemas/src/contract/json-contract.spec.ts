import { describe, expect, it } from '@jest/globals';
import { RecordError } from '@millrace/kernel';
import fc from 'fast-check';
import { departure } from '../../test/sample-values.js';
import type { JsonSchema } from '../json-schema/json-schema.js';
import { topics } from '../topics.js';
import { jsonContract } from './json-contract.js';
import { textKey } from '../key/text-key.js';

const { value: serde } = topics.departures;

function read(text: string | Buffer): unknown {
  const bytes = Buffer.isBuffer(text) ? text : Buffer.from(text);
  return serde.deserialize(bytes, 0, bytes.length);
}

function refusal(text: string | Buffer): RecordError {
  try {
    read(text);
  } catch (thrown) {
    if (thrown instanceof RecordError) return thrown;
    throw thrown;
  }
  throw new Error('the value was accepted');
}

function withField(name: string, value: unknown): string {
  return JSON.stringify({ ...departure(), [name]: value });
}

describe('a JSON contract', () => {
  it('reads back what it wrote', () => {
    expect(read(serde.serialize(departure()))).toEqual(departure());
  });

  it('reads a value out of the middle of a buffer', () => {
    const bytes = serde.serialize(departure());
    const around = Buffer.concat([Buffer.from('{"'), bytes, Buffer.from('}')]);
    expect(serde.deserialize(around, 2, 2 + bytes.length)).toEqual(departure());
  });

  it.each([
    ['no JSON', 'not json'],
    ['a cut-off text', serde.serialize(departure()).subarray(0, 100)],
    ['nothing', ''],
    ['a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), serde.serialize(departure())])],
    ['bytes that are not UTF-8', Buffer.from(serde.serialize(departure({ carrier: 'ÿÿ' })).toString('utf8'), 'latin1')],
  ])('calls %s unreadable', (_what, bytes) => {
    expect(refusal(bytes)).toMatchObject({ code: 'MR_RECORD_UNREADABLE', disposition: 'dead-letter' });
  });

  it('takes the replacement character for what it is when the text really has it', () => {
    expect(refusal(withField('carrier', '\ufffd')).code).toBe('MR_RECORD_CONTRACT_VIOLATION');
  });

  it('names a missing field', () => {
    const { origin: _origin, ...rest } = departure();
    const refused = refusal(JSON.stringify(rest));
    expect(refused.code).toBe('MR_RECORD_CONTRACT_VIOLATION');
    expect(refused.message).toContain('/origin is missing');
    expect(refused.place).toMatchObject({ topic: 'flights.departures', field: '/origin' });
  });

  it.each([
    ['a text where a number should be', 'flight', '1545', '/flight must be an integer, but is a string'],
    [
      'a number where a time should be',
      'scheduledAt',
      1357035300,
      '/scheduledAt must be a time in UTC such as 2013-01-01T10:15:00Z, but is a number',
    ],
    [
      'a time that is no time',
      'scheduledAt',
      '2013-02-30T10:15:00Z',
      '/scheduledAt must be a time in UTC such as 2013-01-01T10:15:00Z',
    ],
    [
      'an hour that is none',
      'timeHour',
      '2013-01-01T10:15:00Z',
      '/timeHour must be a time in UTC such as 2013-01-01T10:00:00Z',
    ],
    ['null where a value must be', 'origin', null, '/origin must be a string, but is null'],
    ['a number out of range', 'minute', 60, '/minute must be an integer from 0 to 59'],
    ['a fraction', 'minute', 1.5, '/minute must be an integer, but is a number'],
    ['a text of the wrong form', 'dest', 'Houston', '/dest must be a string matching ^[A-Z0-9]{3}$'],
    [
      'an object where a text or null may be',
      'tailNumber',
      {},
      '/tailNumber must be a string or null, but is an object',
    ],
    ['a field that is not of the contract', 'gate', 'A1', '/gate is not a field of the contract'],
  ])('says what is wrong with %s', (_what, field, value, message) => {
    const refused = refusal(withField(field, value));
    expect(refused.code).toBe('MR_RECORD_CONTRACT_VIOLATION');
    expect(refused.message).toBe(`a value of 'flights.departures' breaks its contract: ${message}`);
  });

  it.each(['[]', 'null', '17', '"text"', 'true'])('refuses %s, which is JSON but no object', (text) => {
    expect(refusal(text)).toMatchObject({ code: 'MR_RECORD_CONTRACT_VIOLATION' });
    expect(refusal(text).message).toContain('the value must be an object, but is');
  });

  it('refuses an oversized value without parsing it', () => {
    const oversized = withField('carrier', 'x'.repeat(70_000));
    expect(refusal(oversized)).toMatchObject({ code: 'MR_RECORD_TOO_LARGE', place: { maxBytes: 65_536 } });
    expect(() => serde.serialize(departure({ carrier: 'x'.repeat(70_000) }))).toThrow(/allows 65536/);
  });

  it('tells an unknown version from a wrong one', () => {
    expect(refusal(withField('version', 7))).toMatchObject({ code: 'MR_RECORD_VERSION_UNKNOWN' });
    expect(refusal(withField('version', 7)).message).toContain('version 7, but this program knows version 1');
    expect(refusal(withField('version', '1')).code).toBe('MR_RECORD_CONTRACT_VIOLATION');
    expect(refusal(withField('version', undefined)).message).toContain('/version is missing');
  });

  it('never quotes the payload, neither in the message nor in a cause', () => {
    const secret = 'S3CR3T-VALUE';
    const texts = [
      secret,
      `{"version": 1, "carrier": ${secret}}`,
      ...Object.keys(departure()).map((field) => withField(field, secret)),
      ...Object.keys(departure()).map((field) => withField(field, { [secret]: secret })),
      withField(`${secret} ${'x'.repeat(100)}`, 1),
    ];
    for (const text of texts) {
      const refused = refusal(text);
      expect(JSON.stringify(refused) + String(refused.stack)).not.toContain(secret);
      expect(refused.cause).toBeUndefined();
    }
  });

  it('does not let __proto__ through', () => {
    const text = JSON.stringify(departure()).replace('{', '{"__proto__":{"polluted":true},');
    expect(refusal(text).code).toBe('MR_RECORD_CONTRACT_VIOLATION');
  });

  it('ends with a value or a RecordError for any bytes', () => {
    const mutated = fc.tuple(fc.nat(278), fc.integer({ min: 0, max: 255 })).map(([at, byte]) => {
      const bytes = serde.serialize(departure());
      bytes[at % bytes.length] = byte;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array().map(Buffer.from), fc.json().map(Buffer.from)), (bytes) => {
        try {
          serde.deserialize(bytes as Buffer, 0, bytes.length);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(RecordError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('validate', () => {
  it('finds nothing in a value that keeps the contract', () => {
    expect(topics.departures.validate(departure())).toEqual([]);
  });

  it('lists every broken field once', () => {
    const errors = topics.departures.validate({ ...departure(), origin: 5, minute: 99, dest: undefined });
    expect(errors).toEqual(
      expect.arrayContaining([
        { pointer: '/origin', problem: 'must be a string, but is a number' },
        { pointer: '/minute', problem: 'must be an integer from 0 to 59' },
      ]),
    );
    expect(new Set(errors.map(({ pointer }) => pointer)).size).toBe(errors.length);
  });

  it('names the versions that it knows when the value is of another', () => {
    expect(topics.departures.validate({ version: 2 })).toEqual([
      { pointer: '/version', problem: 'must be a known version: 1' },
    ]);
  });
});

describe('a contract with two versions', () => {
  const schemaOf = (version: number, field: string): JsonSchema => ({
    type: 'object',
    properties: { version: { type: 'integer', const: version }, [field]: { type: 'number' } },
    required: ['version', field],
    additionalProperties: false,
  });
  const contract = jsonContract<string, { version: 2; speedKph: number }>({
    name: 'speeds',
    key: textKey,
    versions: [
      {
        version: 1,
        schema: schemaOf(1, 'speedMph'),
        upcast: (old) => ({ version: 2, speedKph: (old as { speedMph: number }).speedMph * 1.609344 }),
      },
      { version: 2, schema: schemaOf(2, 'speedKph') },
    ],
    creation: { partitions: 1, configs: {} },
    keyOf: () => null,
    timestampMsOf: () => 0,
  });
  const readSpeed = (value: object): unknown => {
    const bytes = Buffer.from(JSON.stringify(value));
    return contract.value.deserialize(bytes, 0, bytes.length);
  };

  it('reads the older one as the newer one', () => {
    expect(readSpeed({ version: 1, speedMph: 100 })).toEqual({ version: 2, speedKph: 160.9344 });
    expect(readSpeed({ version: 2, speedKph: 5 })).toEqual({ version: 2, speedKph: 5 });
  });

  it('checks the older one by its own schema', () => {
    expect(() => readSpeed({ version: 1, speedKph: 5 })).toThrow(/\/speedMph is missing/);
    expect(contract.validate({ version: 1, speedMph: 'fast' })).toEqual([
      { pointer: '/speedMph', problem: 'must be a number, but is a string' },
    ]);
  });

  it('names both when a value is of neither', () => {
    expect(() => readSpeed({ version: 3 })).toThrow(/version 3, but this program knows version 1, 2/);
  });
});
