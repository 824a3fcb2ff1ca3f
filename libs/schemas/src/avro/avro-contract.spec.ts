import { describe, expect, it } from '@jest/globals';
import { RecordError } from '@millrace/kernel';
import avro from 'avsc';
import fc from 'fast-check';
import { enrichedFlight } from '../../test/sample-values.js';
import { textKey } from '../key/text-key.js';
import { schemaIdOf } from '../registry/schema-id.js';
import { topics } from '../topics.js';
import { enrichedFlightSchema, type EnrichedFlight } from '../flights/enriched.js';
import { avroContract } from './avro-contract.js';

const { value: serde } = topics.enriched;

function read(bytes: Buffer): EnrichedFlight {
  return serde.deserialize(bytes, 0, bytes.length);
}

function refusal(bytes: Buffer): RecordError {
  try {
    read(bytes);
  } catch (thrown) {
    if (thrown instanceof RecordError) return thrown;
    throw thrown;
  }
  throw new Error('the value was accepted');
}

describe('an Avro contract', () => {
  it('writes the frame of Confluent: 0x00, the schema id, the body', () => {
    const bytes = serde.serialize(enrichedFlight());
    expect(bytes[0]).toBe(0);
    expect(bytes.readInt32BE(1)).toBe(schemaIdOf('avro', enrichedFlightSchema));
    const independent = avro.Type.forSchema(enrichedFlightSchema as never).fromBuffer(bytes.subarray(5)) as object;
    expect({ ...independent }).toEqual(enrichedFlight());
  });

  it('reads back every value bit by bit', () => {
    const nullable = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });
    const changes = fc.record({
      flight: fc.integer({ min: 0, max: 99_999 }),
      tailNumber: nullable(fc.string()),
      carrierName: nullable(fc.string({ unit: 'grapheme' })),
      temperatureF: nullable(fc.double({ noNaN: true })),
      windSpeedMph: nullable(fc.double({ noNaN: true })),
      departed: fc.boolean(),
      departureDelayMinutes: nullable(fc.integer({ min: -100_000, max: 100_000 })),
    });
    fc.assert(
      fc.property(changes, (changed) => {
        const flight = enrichedFlight(changed);
        expect({ ...read(serde.serialize(flight)) }).toEqual(flight);
      }),
    );
  });

  it('keeps nothing of one value in the next', () => {
    const first = serde.serialize(enrichedFlight({ carrierName: 'first' }));
    serde.serialize(enrichedFlight({ carrierName: 'other' }));
    expect(read(first).carrierName).toBe('first');
  });

  it('calls bytes without a frame, and cut-off or overlong bodies, unreadable', () => {
    const bytes = serde.serialize(enrichedFlight());
    for (const broken of [
      Buffer.from('{"version":1}'),
      Buffer.alloc(0),
      Buffer.from([0, 0, 0]),
      bytes.subarray(0, 20),
      Buffer.concat([bytes, Buffer.from([0])]),
    ]) {
      expect(refusal(broken).code).toBe('MR_RECORD_UNREADABLE');
    }
  });

  it('does not read beyond the end of a value into the next one of the buffer', () => {
    const bytes = serde.serialize(enrichedFlight());
    expect(() => serde.deserialize(Buffer.concat([bytes, bytes]), 0, bytes.length - 1)).toThrow(RecordError);
  });

  it('calls a schema id that it does not know an unknown version', () => {
    const bytes = serde.serialize(enrichedFlight());
    bytes.writeInt32BE(12, 1);
    expect(refusal(bytes)).toMatchObject({ code: 'MR_RECORD_VERSION_UNKNOWN' });
  });

  it('refuses to write a value that is too large or does not fit', () => {
    expect(() => serde.serialize(enrichedFlight({ carrierName: 'x'.repeat(70_000) }))).toThrow(/allows 65536/);
    const broken = { ...enrichedFlight(), flight: 'secret' } as unknown as EnrichedFlight;
    expect(() => serde.serialize(broken)).toThrow(/breaks its contract: \/flight must be int$/);
    expect(topics.enriched.validate(broken)).toHaveLength(1);
    expect(topics.enriched.validate(enrichedFlight())).toEqual([]);
  });

  it('refuses to read an oversized value', () => {
    expect(refusal(Buffer.alloc(65_537)).code).toBe('MR_RECORD_TOO_LARGE');
  });

  it('ends with a value or a RecordError for any bytes', () => {
    const valid = serde.serialize(enrichedFlight());
    const mutated = fc.tuple(fc.nat(valid.length - 1), fc.nat(255)).map(([at, byte]) => {
      const bytes = Buffer.from(valid);
      bytes[at] = byte;
      return bytes;
    });
    const framed = fc.uint8Array().map((body) => Buffer.concat([valid.subarray(0, 5), body]));
    fc.assert(
      fc.property(fc.oneof(mutated, framed), (bytes) => {
        try {
          read(bytes);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(RecordError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('reads what an older version wrote, with defaults for what that did not know', () => {
    const older = {
      type: 'record',
      name: 'Gate',
      namespace: 'airport',
      fields: [{ name: 'gate', type: 'string' }],
    } as const;
    const newer = {
      ...older,
      fields: [...older.fields, { name: 'terminal', type: ['null', 'string'], default: null }],
    } as const;
    const rest = {
      name: 'gates',
      key: textKey,
      creation: { partitions: 1, configs: {} },
      keyOf: () => null,
      timestampMsOf: () => 0,
    };
    const before = avroContract<string, object>({ ...rest, versions: [{ version: 1, schema: older }] });
    const after = avroContract<string, object>({
      ...rest,
      versions: [
        { version: 1, schema: older },
        { version: 2, schema: newer },
      ],
    });
    const written = before.value.serialize({ gate: 'A1' });
    expect({ ...after.value.deserialize(written, 0, written.length) }).toEqual({ gate: 'A1', terminal: null });
  });
});
