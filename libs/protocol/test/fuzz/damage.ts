import fc from 'fast-check';

const INTERESTING = [0x00, 0x01, 0x7f, 0x80, 0xff];

/** Copies of some bytes with a few of them changed, cut out, put in, or with the end missing. */
export function damaged(original: Buffer): fc.Arbitrary<Buffer> {
  const position = fc.nat(Math.max(original.length - 1, 0));
  const byte = fc.oneof(fc.constantFrom(...INTERESTING), fc.nat(255));
  const change = fc.record({ kind: fc.constantFrom('set', 'set', 'remove', 'insert', 'truncate'), position, byte });
  return fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => {
    let bytes = Buffer.from(original);
    for (const { kind, position: at, byte: value } of changes) {
      const before = bytes.subarray(0, at);
      if (kind === 'set' && at < bytes.length) bytes[at] = value;
      else if (kind === 'remove') bytes = Buffer.concat([before, bytes.subarray(at + 1)]);
      else if (kind === 'insert') bytes = Buffer.concat([before, Buffer.of(value), bytes.subarray(at)]);
      else if (kind === 'truncate') bytes = Buffer.from(before);
    }
    return bytes;
  });
}
