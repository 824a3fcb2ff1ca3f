import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock, type ByteStream } from '@millrace/kernel';
import { apis, errorName, FrameDecoder, decodeResponseFrame, encodeRequestFrame } from '@millrace/protocol';
import { eventually } from '@millrace/testing';
import { brokerChannels, EmbeddedBroker, type RequestRefusedEvent } from '../src/index.js';
import { batchOf, WireClient } from './wire-client.js';

/** A stream whose other side reads only when told to. */
class SlowStream implements ByteStream {
  written: Uint8Array[] = [];
  isPaused = false;
  isDestroyed = false;
  takesMore = true;
  data: (chunk: Buffer) => void = () => {};
  drained: () => void = () => {};

  write(chunks: readonly Uint8Array[]): boolean {
    this.written.push(...chunks);
    return this.takesMore;
  }

  onData(handler: (chunk: Buffer) => void): void {
    this.data = handler;
  }

  onDrain(handler: () => void): void {
    this.drained = handler;
  }

  onClose(): void {}

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {}

  destroy(): void {
    this.isDestroyed = true;
  }
}

describe('a connection', () => {
  let broker: EmbeddedBroker;
  let refusals: RequestRefusedEvent[];
  let unsubscribe: () => void;

  beforeEach(async () => {
    broker = new EmbeddedBroker({ clock: new ManualClock(), maxBufferedBytes: 10_000 });
    await broker.start();
    refusals = [];
    unsubscribe = brokerChannels.requestRefused.subscribe((event) => refusals.push(event));
  });
  afterEach(async () => {
    unsubscribe();
    await broker.stop();
  });

  const heartbeat = (correlationId: number): Buffer =>
    Buffer.concat(
      encodeRequestFrame(apis.Heartbeat, 4, correlationId, 'spec', { groupId: 'g', generationId: 1, memberId: 'm' }),
    );
  const longPoll = (correlationId: number): Buffer => {
    const topics = [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }];
    const body = { maxWaitMs: 60_000, minBytes: 1, topics, forgottenTopicsData: [] };
    return Buffer.concat(encodeRequestFrame(apis.Fetch, 11, correlationId, 'spec', body));
  };

  it('answers pipelined requests in order, also while one of them waits', async () => {
    const client = await WireClient.to(broker);
    await client.createTopic('t');
    const stream = new SlowStream();
    broker.attach(stream);
    stream.data(Buffer.concat([longPoll(1), heartbeat(2), heartbeat(3)]));
    expect(stream.written).toHaveLength(0);
    await client.produce('t', 0, batchOf(['v']));
    await eventually('all requests are answered', () => correlationIds(stream).length === 3);
    expect(correlationIds(stream)).toEqual([1, 2, 3]);
  });

  it('takes requests in pieces of any size', async () => {
    const stream = new SlowStream();
    broker.attach(stream);
    for (const byte of Buffer.concat([heartbeat(1), heartbeat(2)])) stream.data(Buffer.from([byte]));
    expect(correlationIds(stream)).toEqual([1, 2]);
  });

  it('reads only a little ahead of a request that waits', async () => {
    const client = await WireClient.to(broker);
    await client.createTopic('t');
    const stream = new SlowStream();
    broker.attach(stream);
    stream.data(longPoll(1));
    let sent = 1;
    while (!stream.isPaused) stream.data(heartbeat(++sent));
    expect(sent).toBeLessThan(1000);
    await client.produce('t', 0, batchOf(['v']));
    await eventually('reading goes on', () => !stream.isPaused);
    expect(correlationIds(stream)).toHaveLength(sent);
  });

  it('serves nothing more to a client that does not read', () => {
    const stream = new SlowStream();
    broker.attach(stream);
    stream.takesMore = false;
    let sent = 0;
    while (!stream.isPaused) stream.data(heartbeat(++sent));
    expect(correlationIds(stream)).toEqual([1]);
    stream.takesMore = true;
    stream.drained();
    expect(correlationIds(stream)).toHaveLength(sent);
    expect(stream.isPaused).toBe(false);
  });

  it('tells a client of a too new ApiVersions which versions there are', async () => {
    const stream = new SlowStream();
    broker.attach(stream);
    const frame = Buffer.from([0, 0, 0, 11, 0, 18, 0, 99, 0, 0, 0, 7, 255, 255, 0]);
    stream.data(frame);
    const [answer] = framesOf(stream);
    const { body } = decodeResponseFrame(apis.ApiVersions, 0, answer!);
    expect(errorName(body.errorCode)).toBe('UNSUPPORTED_VERSION');
    expect(body.apiKeys.length).toBeGreaterThan(20);
  });

  it('tells which transaction version is in force', async () => {
    const client = await WireClient.to(broker);
    const { finalizedFeatures } = await client.call(apis.ApiVersions, 3, {
      clientSoftwareName: 'spec',
      clientSoftwareVersion: '1',
    });
    expect(finalizedFeatures).toEqual([{ name: 'transaction.version', maxVersionLevel: 2, minVersionLevel: 2 }]);
  });

  it.each([
    ['an API that is not served', [0, 0, 0, 10, 0, 99, 0, 0, 0, 0, 0, 1, 255, 255]],
    ['a version that is not served', [0, 0, 0, 10, 0, 3, 0, 99, 0, 0, 0, 1, 255, 255]],
    ['a body that is cut off', [0, 0, 0, 10, 0, 12, 0, 0, 0, 0, 0, 1, 255, 255]],
    ['a size below zero', [255, 255, 255, 255]],
    ['a size beyond the limit', [127, 255, 255, 255]],
    ['no header', [0, 0, 0, 2, 0, 1]],
  ])('is closed for %s, and says so', (_what, bytes) => {
    const stream = new SlowStream();
    broker.attach(stream);
    stream.data(Buffer.from(bytes));
    expect(stream.isDestroyed).toBe(true);
    expect(refusals).toHaveLength(1);
    expect(refusals[0]!.reason).not.toBe('');
  });

  it('learns at once that the topic it waits for was deleted', async () => {
    const client = await WireClient.to(broker);
    const other = await WireClient.to(broker);
    await client.createTopic('t');
    const waiting = client.fetch('t', 0, 0, { maxWaitMs: 60_000 });
    await other.call(apis.DeleteTopics, 1, { topicNames: ['t'], timeoutMs: 1 });
    expect(errorName((await waiting).errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('is ended by the broker when it stops', async () => {
    const client = await WireClient.to(broker);
    await broker.stop();
    await client.closed;
    await expect(broker.dialer().dial('', 0, { timeoutMs: 0 })).rejects.toThrow('is not running');
  });
});

function framesOf(stream: SlowStream): Buffer[] {
  const decoder = new FrameDecoder();
  for (const chunk of stream.written) decoder.push(Buffer.from(chunk));
  const frames: Buffer[] = [];
  for (let frame = decoder.next(); frame !== null; frame = decoder.next()) frames.push(frame);
  return frames;
}

function correlationIds(stream: SlowStream): number[] {
  return framesOf(stream).map((frame) => frame.readInt32BE(0));
}
