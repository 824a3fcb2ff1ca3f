import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ListMultipartUploadsCommand, type S3Client } from '@aws-sdk/client-s3';
import { archivalPolicies } from '@millrace/app-archival';
import { readArchive, readManifest, S3ObjectStore } from '@millrace/archive';
import { Admin, Cluster, Producer } from '@millrace/client';
import { RecordBatchBuilder } from '@millrace/protocol';
import { DeliveryLedger, eventually, HttpProxy, type HttpFault, type ProxiedRequest } from '@millrace/testing';
import { startKafka, startS3, type S3Server } from '@millrace/testing/containers';
import { ArchiveProcess } from './archive-process.js';

/** What stands around each call in the app. */
const [policy] = Object.values(archivalPolicies);
const MIB = 1024 * 1024;
const BUCKET = 'archive';
/** The first tile is full and needs three parts; the second one is flushed, and put whole. */
const TILE_OFFSETS = 6_000;
const RECORDS = 8_000;
const BATCH_RECORDS = 400;
const PART_BYTES = 5 * MIB;
/** Random, so that no compression makes it smaller: 2,048 characters. */
const TEXT_BYTES = 1_536;

const isPart = ({ method, url }: ProxiedRequest): boolean => method === 'PUT' && url.includes('partNumber=');
const isCompletion = ({ method, url }: ProxiedRequest): boolean => method === 'POST' && url.includes('uploadId=');
const isBeginning = ({ method, url }: ProxiedRequest): boolean => method === 'POST' && url.includes('uploads');
const isEntry = ({ method, url }: ProxiedRequest): boolean => method === 'PUT' && url.includes('/_manifest/');
const isWholeObject = ({ method, url }: ProxiedRequest): boolean =>
  method === 'PUT' && url.includes('.parquet') && !url.includes('partNumber=');

describe('the archive on S3', () => {
  const stack = new AsyncDisposableStack();
  let brokers: readonly string[];
  let cluster: Cluster;
  let producer: Producer;
  let s3: S3Server;
  let client: S3Client;
  let store: S3ObjectStore;
  let proxy: HttpProxy;
  let tests = 0;

  beforeAll(async () => {
    const [kafka, server] = await Promise.all([startKafka(), startS3()]);
    for (const each of [kafka, server]) stack.use(each);
    [brokers, s3] = [kafka.bootstrap, server];
    await s3.createBucket(BUCKET);
    const { endpoint, region, credentials } = s3;
    client = s3.client();
    store = new S3ObjectStore({ bucket: BUCKET, endpoint, region, credentials });
    stack.defer(() => client.destroy());
    stack.defer(() => store.close());
    proxy = stack.use(await HttpProxy.open(() => s3.address));
    cluster = new Cluster({ bootstrap: brokers, clientId: 'chaos' });
    await cluster.start();
    stack.defer(() => cluster.stop());
    producer = new Producer(cluster);
    await producer.start();
    stack.defer(() => producer.stop());
  });
  afterAll(() => stack.disposeAsync());

  /** A topic with numbered records, and a process that archives it by way of the proxy; it is not started yet. */
  async function aTopic(
    fault: string,
  ): Promise<{ ledger: DeliveryLedger; prefix: string; start: () => ArchiveProcess }> {
    const topic = `texts-${++tests}`;
    const prefix = `archive-${tests}`;
    await new Admin(cluster).createTopics([{ name: topic, partitions: 1 }]);
    const ledger = new DeliveryLedger(fault);
    for (let first = 0; first < RECORDS; first += BATCH_RECORDS) {
      const ids = Array.from({ length: BATCH_RECORDS }, (_, nth) => String(first + nth));
      const batch = new RecordBatchBuilder();
      for (const id of ids) batch.append(0, null, Buffer.from(`${id} ${randomBytes(TEXT_BYTES).toString('base64')}`));
      ledger.sent(...ids);
      await producer.send(topic, 0, batch);
      ledger.acknowledged(...ids);
    }
    proxy.heal();
    const { region, credentials } = s3;
    const place = { bucket: BUCKET, endpoint: proxy.url, region, credentials, partBytes: PART_BYTES };
    const start = (): ArchiveProcess =>
      stack.use(
        new ArchiveProcess({ brokers, topic, prefix, tileOffsets: TILE_OFFSETS, store: place, policy: policy! }),
      );
    return { ledger, prefix, start };
  }

  const uploadsLeft = async (): Promise<string[]> => {
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
    return Uploads.map(({ Key }) => String(Key));
  };

  /** Every object is whole and in the manifest, nothing else is there, and every record is in one of them. */
  async function settle(ledger: DeliveryLedger, prefix: string): Promise<void> {
    const entries = await readManifest(store, prefix);
    const objects = (await store.list(`${prefix}/partition=`)).map(({ key }) => key);
    expect(objects).toEqual(entries.map(({ object }) => object));
    expect(await uploadsLeft()).toEqual([]);
    for await (const { columns } of readArchive(store, prefix, { columns: ['id'] })) {
      ledger.seen(...(columns.get('id') as number[]).map(String));
    }
    ledger.settle();
  }

  it.each<[string, readonly HttpFault[]]>([
    [
      '5xx to the beginning of an upload, to parts before and after they were stored, and twice to the completion',
      [
        { of: isBeginning, answer: 503, when: 'before' },
        { of: isPart, nth: 2, answer: 503, when: 'before' },
        { of: isPart, nth: 5, answer: 500, when: 'after' },
        { of: isCompletion, times: 2, answer: 500, when: 'before' },
      ],
    ],
    [
      '5xx to a completion, to an object put whole and to a manifest entry, which were all done',
      [
        { of: isCompletion, answer: 500, when: 'after' },
        { of: isWholeObject, answer: 503, when: 'after' },
        { of: isEntry, answer: 500, when: 'after' },
      ],
    ],
  ])('is whole after %s', async (fault, hows) => {
    const { ledger, prefix, start } = await aTopic(`S3: ${fault}`);
    const struck = hows.map((how) => proxy.fail(how));
    await using worker = start();

    await worker.drained();

    expect(struck.map((times) => times())).toEqual(hows.map(({ times = 1 }) => times));
    ledger.fired(`struck ${struck.map((times) => times()).join('+')} times`);
    await settle(ledger, prefix);
  });

  it('is whole when its process is killed in the middle of an upload, and the next one removes what was left', async () => {
    const { ledger, prefix, start } = await aTopic('S3: the process is killed before the third part');
    const struck = proxy.fail({ of: isPart, nth: 3, answer: 'silence', when: 'before' });
    const first = start();
    await eventually('the third part is on its way', () => struck() === 1, { timeoutMs: 60_000 });
    expect(await first.kill()).toBe('SIGKILL');
    const left = await uploadsLeft();
    expect(left).toHaveLength(1);

    await using second = start();
    await second.drained();

    expect(second.events).toContain('discarded 1');
    ledger.fired(`${left.length} upload left, and discarded`);
    await settle(ledger, prefix);
  });

  it('is whole when its process is killed after an upload was completed and before it or the manifest knows', async () => {
    const { ledger, prefix, start } = await aTopic('S3: the process is killed between object and entry');
    const struck = proxy.fail({ of: isCompletion, answer: 'silence', when: 'after' });
    const first = start();
    await eventually('the upload is completed', () => struck() === 1, { timeoutMs: 60_000 });
    expect(await first.kill()).toBe('SIGKILL');
    expect(await store.list(`${prefix}/partition=`)).toHaveLength(1);
    expect(await readManifest(store, prefix)).toEqual([]);

    await using second = start();
    await second.drained();

    ledger.fired('an object was there that no entry named');
    await settle(ledger, prefix);
  });

  it('is whole when its process is halted in the middle of an upload and replaced, and then goes on with it', async () => {
    const { ledger, prefix, start } = await aTopic('S3: the process is halted (SIGSTOP) in an upload and replaced');
    const struck = proxy.fail({ of: isPart, nth: 3, answer: 'late', when: 'before' });
    const halted = start();
    await eventually('the third part is on its way', () => struck() === 1, { timeoutMs: 60_000 });
    halted.halt();
    await using successor = start();
    await successor.drained();
    const late = proxy.seen.findLast((each) => isPart(each) && each.status === undefined)!;

    halted.goOn();
    proxy.release();

    await halted.ended();
    const said = halted.errors;
    expect(said).toContain('MR_TASK_FENCED');
    expect(said).not.toContain('MR_SINK_REFUSED');
    expect(successor.events).toContain('discarded 1');
    await eventually('its part is answered', () => late.status === 404);
    ledger.fired('its upload was discarded by its successor, its part answered with 404, and it ended by itself');
    // It may have begun anew before it learnt that it was replaced: that stays until the partition is opened again.
    const left = await uploadsLeft();
    await successor.kill();
    await using next = start();
    await next.drained();
    ledger.fired(`uploads left by it: ${left.length}; what the next owner told: ${next.events.join(', ')}`);
    await settle(ledger, prefix);
  });
});
