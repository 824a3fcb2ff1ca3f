import { describe, expect, it } from '@jest/globals';
import { json, keyValueStore, utf8 } from '@millrace/streams';
import type { Type } from '@nestjs/common';
import { OnRecord, Punctuate, StreamProcessor } from '../decorators/stream-processor.decorator.js';
import { isStreamProcessor, readProcessorMethods, type ProcessorMethods } from './processor-methods.js';

function read(type: Type): { readonly methods: ProcessorMethods | undefined; readonly problems: readonly string[] } {
  const problems: string[] = [];
  return { methods: readProcessorMethods(type, problems), problems };
}

const sums = keyValueStore('sums', { key: utf8, value: json<number>() });

@StreamProcessor({ stores: [sums] })
class Summing {
  @OnRecord()
  add(): void {}

  @Punctuate({ every: '1m' })
  report(): void {}

  @Punctuate({ every: 500, by: 'wall-clock' })
  flush(): void {}

  reset(): void {}
}

describe('readProcessorMethods', () => {
  it('reads which method takes records, which are called when, and which stores they use', () => {
    expect(read(Summing)).toEqual({
      methods: {
        stores: [sums],
        onRecord: 'add',
        punctuators: [
          { method: 'report', everyMs: 60_000, by: 'stream-time' },
          { method: 'flush', everyMs: 500, by: 'wall-clock' },
        ],
      },
      problems: [],
    });
  });

  it('reads the methods that a class inherits', () => {
    @StreamProcessor()
    class Inheriting extends Summing {}

    expect(read(Inheriting).methods).toMatchObject({ stores: [], onRecord: 'add', punctuators: [{}, {}] });
  });

  it('wants exactly one @OnRecord() method, and names those it found', () => {
    @StreamProcessor()
    class None {}

    @StreamProcessor()
    class Two {
      @OnRecord()
      first(): void {}

      @OnRecord()
      second(): void {}
    }

    expect(read(None)).toEqual({
      methods: undefined,
      problems: ['processor None needs exactly one @OnRecord() method, but has none'],
    });
    expect(read(Two).problems).toEqual(['processor Two needs exactly one @OnRecord() method, but has first, second']);
  });

  it('tells everything that is wrong with a processor at once', () => {
    @StreamProcessor()
    class Broken {
      @Punctuate({ every: 0 })
      never(): void {}

      @Punctuate({ every: 'often' as '1s' })
      often(): void {}
    }

    expect(read(Broken)).toEqual({
      methods: undefined,
      problems: [
        expect.stringContaining('@OnRecord()'),
        'processor Broken: @Punctuate() on never: the interval must be greater than 0',
        expect.stringMatching(/^processor Broken: @Punctuate\(\) on often: 'often' is not a duration/),
      ],
    });
  });
});

describe('isStreamProcessor', () => {
  it('tells decorated classes from everything else', () => {
    class Plain {}

    expect([Summing, Plain, () => undefined, 'Summing', undefined].map(isStreamProcessor)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
