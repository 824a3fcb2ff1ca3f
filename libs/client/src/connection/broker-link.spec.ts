import { describe, expect, it } from '@jest/globals';
import { ManualClock, streamPair, type Dialer } from '@millrace/kernel';
import { FrameDecoder, apis, decodeRequestFrame, encodeResponseFrame } from '@millrace/protocol';
import { BrokerLink } from './broker-link.js';

/** Dials brokers that tell what they can do; `afterwards` is what one does in the same breath, by the number of the connection. */
function dialerOf(afterwards: (connection: number, end: () => void) => void): Dialer {
  let connections = 0;
  return {
    dial: () => {
      const [near, far] = streamPair();
      const connection = ++connections;
      const frames = new FrameDecoder();
      far.onData((chunk) => {
        frames.push(chunk);
        for (let frame = frames.next(); frame !== null; frame = frames.next()) {
          const { header } = decodeRequestFrame(frame);
          const ranges = [{ apiKey: apis.ApiVersions.key, minVersion: 0, maxVersion: apis.ApiVersions.maxVersion }];
          const answer = { errorCode: 0, apiKeys: ranges };
          far.write(encodeResponseFrame(apis.ApiVersions, header.apiVersion, header.correlationId, answer));
          afterwards(connection, () => far.write([Buffer.alloc(4, 0xff)]));
        }
      });
      return Promise.resolve(near);
    },
  };
}

describe('BrokerLink', () => {
  it('connects again after a connection that ended while it was being opened', async () => {
    const dialer = dialerOf((connection, end) => connection === 1 && end());
    const address = () => ({ host: 'broker-1', port: 9092 });
    const times = { connectTimeoutMs: 1_000, requestTimeoutMs: 1_000 };
    const link = new BrokerLink(1, 'spec', address, {
      ...{ clientId: 'spec', dialer, clock: new ManualClock(), sasl: undefined },
      ...times,
    });

    await link.capabilities().catch(() => undefined);
    const body = { clientSoftwareName: 'spec', clientSoftwareVersion: '1' };

    await expect(link.request(apis.ApiVersions, body)).resolves.toMatchObject({ errorCode: 0 });
    link.close();
  });
});
