import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { S3ObjectStore } from '@millrace/archive';
import { startS3, type S3Server } from '@millrace/testing/containers';
import { objectStoreContract } from './object-store-contract.js';

jest.setTimeout(300_000);

const MIB = 1024 * 1024;
const stack = new AsyncDisposableStack();

async function aStore(server: S3Server, bucket: string, partBytes?: number): Promise<S3ObjectStore> {
  await server.createBucket(bucket);
  const { endpoint, region, credentials } = server;
  const parts = partBytes === undefined ? {} : { partBytes };
  return new S3ObjectStore({ bucket, endpoint, region, credentials, ...parts });
}

objectStoreContract('S3', {
  start: async () => {
    const store = await aStore(stack.use(await startS3()), 'contract');
    stack.defer(() => store.close());
    return store;
  },
  stop: () => stack.disposeAsync(),
});

describe('S3ObjectStore with objects in parts', () => {
  const bucket = 'parts';
  const servers = new AsyncDisposableStack();
  let server: S3Server;
  let store: S3ObjectStore;
  beforeAll(async () => {
    server = servers.use(await startS3());
    store = await aStore(server, bucket, 5 * MIB);
  });
  afterAll(async () => {
    store?.close();
    await servers.disposeAsync();
  });

  const uploads = async (): Promise<number> => {
    const client = server.client();
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    client.destroy();
    return Uploads.length;
  };

  it('gives back what was put, and leaves nothing else', async () => {
    const bytes = Buffer.alloc(12 * MIB, 'abcdefg');

    await expect(store.put('a/large', bytes, { ifNoneMatch: '*' })).resolves.toBe('created');

    expect(Buffer.from((await store.get('a/large')) as Uint8Array).equals(bytes)).toBe(true);
    expect(await uploads()).toBe(0);
  });

  it('leaves an object alone that must not exist, and nothing of the upload', async () => {
    await store.put('once', Buffer.from('first'));

    await expect(store.put('once', Buffer.alloc(6 * MIB), { ifNoneMatch: '*' })).resolves.toBe('exists');

    expect(await store.head('once')).toEqual({ key: 'once', bytes: 5 });
    expect(await uploads()).toBe(0);
  });

  it('discards what interrupted uploads have left under a prefix, and only there', async () => {
    const client = server.client();
    for (const Key of ['mine/1', 'mine/2', 'others/1']) {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
      await client.send(new UploadPartCommand({ Bucket: bucket, Key, UploadId, PartNumber: 1, Body: 'half an obj' }));
    }
    client.destroy();

    await expect(store.discardUnfinished('mine/')).resolves.toBe(2);
    await expect(store.discardUnfinished('mine/')).resolves.toBe(0);

    expect(await uploads()).toBe(1);
  });
});
