import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { VirtualCluster } from '../../test/virtual-cluster.js';
import type { Cluster } from '../cluster/cluster.js';
import { RecordProducer } from '../producer/record-producer.js';
import { Fetcher } from './fetcher.js';

let virtual: VirtualCluster;
let cluster: Cluster;

beforeEach(async () => {
  ({ virtual, cluster } = await VirtualCluster.open());
});
afterEach(() => virtual.stop());

describe('Fetcher', () => {
  it('reads other partitions while one is held back, however much was fetched of that', async () => {
    await virtual.topic(cluster, 2);
    const producer = await virtual.start(new RecordProducer(cluster));
    const send = (partition: number) => producer.sendAndWait('orders', null, Buffer.alloc(100), { partition });
    await virtual.run(send(0));
    const fetcher = await virtual.start(new Fetcher(cluster, { maxBufferedBytes: 100, maxWaitMs: 10 }));
    const assigned = [0, 1].map((partition) => ({ topic: 'orders', partition, offset: 0 }));
    fetcher.assign(assigned);
    await virtual.until('the first partition was fetched', () => fetcher.endOffset(assigned[0]!) === 1);
    fetcher.pause([assigned[0]!]);
    await virtual.run(send(1));

    await virtual.pass(1_000);

    expect(await virtual.run(fetcher.poll(1_000))).toMatchObject([{ partition: 1, nextOffset: 1 }]);
  });
});
