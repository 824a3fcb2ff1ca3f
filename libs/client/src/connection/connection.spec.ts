import { describe, expect, it } from '@jest/globals';
import { ManualClock, streamPair, type ByteStream } from '@millrace/kernel';
import fc from 'fast-check';
import { FrameDecoder, apis, decodeRequestFrame, encodeResponseFrame, type RequestFrame } from '@millrace/protocol';
import { askCapabilities } from './api-versions.js';
import { Connection } from './connection.js';

/** The other end of a connection: notes requests, and answers when it is told to. */
class OtherEnd {
  readonly requests: RequestFrame[] = [];
  readonly stream: ByteStream;
  ended = false;

  constructor(stream: ByteStream) {
    this.stream = stream;
    const frames = new FrameDecoder();
    stream.onData((chunk) => {
      frames.push(chunk);
      for (let frame = frames.next(); frame !== null; frame = frames.next())
        this.requests.push(decodeRequestFrame(frame));
    });
    stream.onClose(() => (this.ended = true));
  }

  answerHeartbeat(index: number, errorCode: number): void {
    const { apiVersion, correlationId } = (this.requests[index] as RequestFrame).header;
    this.stream.write(encodeResponseFrame(apis.Heartbeat, apiVersion, correlationId, { errorCode }));
  }
}

function open(): { clock: ManualClock; connection: Connection; other: OtherEnd; ends: (Error | undefined)[] } {
  const [near, far] = streamPair();
  const clock = new ManualClock();
  const ends: (Error | undefined)[] = [];
  const onEnd = (error?: Error): void => void ends.push(error);
  const connection = new Connection(near, { address: 'test:1', clientId: 'spec', clock, onEnd });
  return { clock, connection, other: new OtherEnd(far), ends };
}

const heartbeat = { groupId: 'g', generationId: 1, memberId: 'm' };
const beat = (connection: Connection, timeoutMs = 1_000): Promise<{ errorCode: number }> =>
  connection.request(apis.Heartbeat, 4, heartbeat, timeoutMs);
const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Connection', () => {
  it('gives each request its own answer', async () => {
    const { connection, other } = open();
    const answers = [beat(connection), beat(connection)];
    await quiet();
    expect(other.requests.map(({ header }) => header)).toEqual([
      { apiKey: apis.Heartbeat.key, apiVersion: 4, correlationId: 0, clientId: 'spec' },
      { apiKey: apis.Heartbeat.key, apiVersion: 4, correlationId: 1, clientId: 'spec' },
    ]);

    other.answerHeartbeat(0, 27);
    other.answerHeartbeat(1, 0);

    expect((await Promise.all(answers)).map(({ errorCode }) => errorCode)).toEqual([27, 0]);
    expect(connection.inFlight).toBe(0);
  });

  it('ends when a request is not answered in time: answers behind it would come too late as well', async () => {
    const { clock, connection, other, ends } = open();
    const outcomes = Promise.allSettled([beat(connection, 1_000), beat(connection, 5_000)]);

    clock.advance(1_000);

    const [late, behind] = await outcomes;
    expect(late).toMatchObject({ status: 'rejected', reason: { code: 'MR_NETWORK_TIMEOUT', disposition: 'retry' } });
    expect(behind).toMatchObject({ status: 'rejected', reason: { code: 'MR_NETWORK_DISCONNECTED' } });
    await quiet();
    expect({ open: connection.isOpen, otherEnded: other.ended, ends: ends.length }).toEqual({
      open: false,
      otherEnded: true,
      ends: 1,
    });
    expect(clock.nextTimerMs()).toBeUndefined();
  });

  it('fails what is in flight when the other side ends, and all that comes later', async () => {
    const { connection, other, ends } = open();
    const inFlight = beat(connection);
    await quiet();
    other.stream.end();

    await expect(inFlight).rejects.toMatchObject({ code: 'MR_NETWORK_DISCONNECTED', disposition: 'retry' });
    await expect(beat(connection)).rejects.toMatchObject({ code: 'MR_NETWORK_DISCONNECTED' });
    expect(ends).toHaveLength(1);
  });

  it('ends when it receives what is no answer', async () => {
    const { connection, other } = open();
    const inFlight = beat(connection);
    await quiet();
    other.stream.write([Buffer.from('ffffffff', 'hex')]);

    await expect(inFlight).rejects.toMatchObject({ code: 'MR_PROTOCOL_CORRUPT' });
    expect(connection.isOpen).toBe(false);
  });

  it('ends in order whatever bytes it receives', async () => {
    const frame = fc.uint8Array({ maxLength: 200 }).map((bytes) => {
      const size = Buffer.alloc(4);
      size.writeInt32BE(bytes.length + 4);
      return Buffer.concat([size, Buffer.alloc(4), bytes]);
    });
    const noise = fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes));
    const asks = [apis.Metadata, apis.Fetch, apis.JoinGroup, apis.OffsetFetch, apis.ApiVersions] as const;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...asks),
        fc.array(fc.oneof(frame, noise), { maxLength: 5 }),
        async (api, chunks) => {
          const { connection, other } = open();
          const drafts = { clientSoftwareName: 'x', clientSoftwareVersion: '1', maxWaitMs: 1, minBytes: 1, topics: [] };
          const group = {
            groupId: 'g',
            sessionTimeoutMs: 1,
            memberId: '',
            protocolType: '',
            protocols: [],
            groups: [],
          };
          const version = api.minVersion;
          const outcome = connection
            .request(api as typeof apis.Metadata, version, { ...drafts, ...group, retentionTimeMs: -1 } as never, 1_000)
            .then(
              () => 'answered',
              (error: { code?: string }) => error.code,
            );
          await quiet();

          for (const chunk of chunks) other.stream.write([chunk]);
          await quiet();
          other.stream.end();

          expect(['answered', 'MR_PROTOCOL_CORRUPT', 'MR_NETWORK_DISCONNECTED']).toContain(await outcome);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('waits for its answers when it is closed in order', async () => {
    const { connection, other, ends } = open();
    const inFlight = beat(connection);
    await quiet();
    connection.close();
    expect(ends).toEqual([]);

    other.answerHeartbeat(0, 0);

    expect(await inFlight).toMatchObject({ errorCode: 0 });
    expect(ends).toEqual([undefined]);
  });

  it('asks again in an older version when a broker refuses its ApiVersions request', async () => {
    const { connection, other } = open();
    const capabilities = askCapabilities(connection, 1_000);
    await quiet();
    const answer = (version: number, body: Parameters<typeof apis.ApiVersions.encodeResponse>[2]): void => {
      const { correlationId } = other.requests.at(-1)?.header ?? { correlationId: -1 };
      other.stream.write(encodeResponseFrame(apis.ApiVersions, version, correlationId, body));
    };
    answer(0, { errorCode: 35, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 2 }] });
    await quiet();
    expect(other.requests.map(({ header }) => header.apiVersion)).toEqual([apis.ApiVersions.maxVersion, 2]);
    answer(2, { errorCode: 0, apiKeys: [{ apiKey: 1, minVersion: 4, maxVersion: 11 }] });

    const known = await capabilities;
    expect(known.versionOf(apis.Fetch)).toBe(11);
    expect(known.versionOf(apis.Fetch, 7)).toBe(7);
    expect(known.highest(apis.Fetch, 3)).toBeUndefined();
    expect(known.feature('transaction.version')).toBe(0);
    expect(() => known.versionOf(apis.Produce)).toThrow(expect.objectContaining({ code: 'MR_PROTOCOL_UNSUPPORTED' }));
  });
});
