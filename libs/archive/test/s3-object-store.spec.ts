import { describe, expect, it } from '@jest/globals';
import { S3ObjectStore } from '@millrace/archive';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { objectStoreContract } from './object-store-contract.js';

const { MILLRACE_TEST_S3_ENDPOINT: endpoint, MILLRACE_TEST_S3_BUCKET: bucket = 'millrace-test' } = process.env;
const credentials = {
  accessKeyId: process.env.MILLRACE_TEST_S3_ACCESS_KEY ?? 'test',
  secretAccessKey: process.env.MILLRACE_TEST_S3_SECRET_KEY ?? 'test',
};

if (endpoint === undefined) {
  console.warn(
    'SKIPPED: the object store was proved in a folder alone. Remedy: set MILLRACE_TEST_S3_ENDPOINT, and _BUCKET, _ACCESS_KEY, _SECRET_KEY, to an empty bucket',
  );
  describe.skip('the object store in S3', () => {
    it('needs MILLRACE_TEST_S3_ENDPOINT', () => undefined);
  });
} else {
  const store = new S3ObjectStore({ endpoint, bucket, credentials });
  objectStoreContract('S3', {
    start: async () => {
      for (const { key } of await store.list('')) await store.delete(key);
      return store;
    },
    stop: async () => store.close(),
  });
}

describe('S3ObjectStore', () => {
  it('gives up on a server that does not answer, and says that it may be tried again', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const store = new S3ObjectStore({
      endpoint: `http://127.0.0.1:${port}`,
      bucket: 'b',
      credentials,
      requestTimeout: 50,
    });

    await expect(store.get('a')).rejects.toMatchObject({ code: 'MR_DEPENDENCY_TIMEOUT', disposition: 'retry' });

    store.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });

  it('says that a server out of reach may be tried again', async () => {
    const store = new S3ObjectStore({ endpoint: 'http://127.0.0.1:1', bucket: 'b', credentials });

    await expect(store.put('a', Buffer.from('x'), { ifNoneMatch: '*' })).rejects.toMatchObject({
      code: 'MR_DEPENDENCY_UNAVAILABLE',
      disposition: 'retry',
    });
    store.close();
  });
});
