import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FrameDecoder } from './frame-decoder.js';

function withSize(frame: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeInt32BE(frame.length);
  return Buffer.concat([size, frame]);
}

function drain(decoder: FrameDecoder): Buffer[] {
  const frames: Buffer[] = [];
  for (let frame = decoder.next(); frame !== null; frame = decoder.next()) frames.push(frame);
  return frames;
}

describe('FrameDecoder', () => {
  it('gives the same frames however the stream is cut', () => {
    const frame = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        (frames, cuts) => {
          const stream = Buffer.concat(frames.map(withSize));
          const decoder = new FrameDecoder();
          const read: Buffer[] = [];
          for (let at = 0, turn = 0; at < stream.length; turn++) {
            const length = cuts[turn % cuts.length] as number;
            decoder.push(stream.subarray(at, at + length));
            at += length;
            read.push(...drain(decoder));
          }
          expect(read).toEqual(frames);
          expect(decoder.bufferedBytes).toBe(0);
        },
      ),
    );
  });

  it('keeps nothing of a chunk: its memory can be read into again', () => {
    const chunk = withSize(Buffer.from('whole'));
    const decoder = new FrameDecoder();
    decoder.push(chunk.subarray(0, 6));
    decoder.push(chunk.subarray(6));
    chunk.fill(0);
    expect(decoder.next()?.toString()).toBe('whole');
  });

  it('puts frames together that are larger than what it trusts a size with', () => {
    const frame = Buffer.alloc(20_000_000, 'abcdefg');
    const stream = Buffer.concat([withSize(frame), withSize(Buffer.from('next'))]);
    const decoder = new FrameDecoder();
    for (let at = 0; at < stream.length; at += 700_000) decoder.push(stream.subarray(at, at + 700_000));
    const [large, next] = drain(decoder);
    expect(large?.equals(frame)).toBe(true);
    expect(next?.toString()).toBe('next');
  });

  it('puts a frame together that came in hundreds of chunks', () => {
    const frame = Buffer.from(Array.from({ length: 1000 }, (_, index) => index));
    const decoder = new FrameDecoder();
    for (const byte of Buffer.concat([withSize(frame), withSize(frame)])) decoder.push(Buffer.of(byte));
    expect(drain(decoder)).toEqual([frame, frame]);
  });

  it.each([-1, -2147483648, 101, 2147483647])(
    'refuses a frame that claims %d bytes, and everything after it',
    (size) => {
      const decoder = new FrameDecoder({ maxFrameBytes: 100 });
      const prefix = Buffer.alloc(4);
      prefix.writeInt32BE(size);
      decoder.push(Buffer.concat([withSize(Buffer.from('good')), prefix, withSize(Buffer.from('late'))]));

      expect(decoder.bufferedBytes).toBe(8);
      expect(decoder.next()?.toString()).toBe('good');
      expect(decoder.bufferedBytes).toBe(0);
      expect(() => decoder.next()).toThrow(expect.objectContaining({ code: 'MR_PROTOCOL_CORRUPT' }));
      decoder.push(withSize(Buffer.from('later')));
      expect(() => decoder.next()).toThrow(`A frame claims ${size} bytes, but at most 100 are accepted`);
    },
  );
});
