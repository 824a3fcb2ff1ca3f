import { jest } from '@jest/globals';
import { S3ObjectStore } from '@millrace/archive';
import { startS3 } from '@millrace/testing/containers';
import { objectStoreContract } from './object-store-contract.js';

jest.setTimeout(300_000);

const stack = new AsyncDisposableStack();

objectStoreContract('S3', {
  start: async () => {
    const server = stack.use(await startS3());
    await server.createBucket('contract');
    const { endpoint, region, credentials } = server;
    const store = new S3ObjectStore({ bucket: 'contract', endpoint, region, credentials });
    stack.defer(() => store.close());
    return store;
  },
  stop: () => stack.disposeAsync(),
});
