import { describe, expect, it } from '@jest/globals';
import { topic, utf8, type SinkWriter } from '@millrace/streams';
import { DiscoveryModule } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import type { Provider } from '@nestjs/common';
import { StreamSink } from '../decorators/stream-sink.decorator.js';
import { sinkProvider } from '../module/sink-provider.js';
import { SinkExplorer, type FoundSink } from './sink-explorer.js';

const lines = topic('lines', utf8, utf8);

class Discarding implements SinkWriter {
  async open(): Promise<undefined> {}

  async write(): Promise<void> {}

  async close(): Promise<void> {}

  durableOffset(): undefined {}
}

@StreamSink({ name: 'decorated', topics: [lines] })
class Decorated extends Discarding {}

async function find(...providers: Provider[]): Promise<{
  readonly found: readonly FoundSink[];
  readonly problems: readonly string[];
}> {
  const context = await Test.createTestingModule({
    imports: [DiscoveryModule],
    providers: [SinkExplorer, ...providers],
  }).compile();
  const problems: string[] = [];
  return { found: context.get(SinkExplorer).find(problems), problems };
}

describe('SinkExplorer', () => {
  it('finds decorated classes and the writers of sinkProvider, with their options', async () => {
    const writer = new Discarding();

    const { found, problems } = await find(
      Decorated,
      sinkProvider({ name: 'made', topics: [lines], app: 'second', useFactory: () => writer }),
    );

    expect(problems).toEqual([]);
    expect(found).toEqual([
      { options: { name: 'decorated', topics: [lines] }, writer: expect.any(Decorated) },
      expect.objectContaining({ options: { name: 'made', topics: [lines], app: 'second' }, writer }),
    ]);
  });

  it('says of each class what it lacks of a writer', async () => {
    @StreamSink({ name: 'half', topics: [lines] })
    class Half {
      async write(): Promise<void> {}
    }

    @StreamSink({ name: 'nothing', topics: [lines] })
    class Nothing {}

    const { found, problems } = await find(Half, Nothing, Decorated);

    expect(found).toHaveLength(1);
    expect(problems).toEqual([
      'Half is decorated with @StreamSink() but lacks open, close, durableOffset of SinkWriter',
      'Nothing is decorated with @StreamSink() but lacks open, write, close, durableOffset of SinkWriter',
    ]);
  });
});
