import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Cluster, Producer } from '@millrace/client';
import { RecordBatchBuilder } from '@millrace/protocol';
import { EmbeddedCluster } from '../embedded-cluster.js';
import { CUT_MOMENTS, CutPointDialer, type CutPoint } from './cut-point-dialer.js';

let embedded: EmbeddedCluster;
beforeEach(async () => {
  embedded = await EmbeddedCluster.start({ orders: 1 });
});
afterEach(() => embedded.stop());

/** Commits two transactions of one record each. @returns how many records were committed when the cut point was reached. */
async function committedAtCut(cut: CutPoint): Promise<number[]> {
  const { bootstrap, dialer } = embedded.options();
  let committed = 0;
  const reached: number[] = [];
  const cutting = new CutPointDialer(dialer, cut, () => reached.push(committed));
  const cluster = new Cluster({ bootstrap, dialer: cutting, clientId: 'cut' });
  await cluster.start();
  const producer = new Producer(cluster, { transactionalId: 'cut' });
  await producer.start();
  for (; committed < 2; committed++) {
    producer.beginTransaction();
    const batch = new RecordBatchBuilder();
    batch.append(0, Buffer.from('JFK'), Buffer.from('1'));
    void producer.send('orders', 0, batch);
    await producer.commitTransaction();
  }
  await producer.stop();
  await cluster.stop();
  return reached;
}

describe('a cut point', () => {
  it.each(CUT_MOMENTS)('is reached once, %s its request, before anything was made of the answer', async (moment) => {
    expect(await committedAtCut({ api: 'EndTxn', moment, afterCommits: 0 })).toEqual([0]);
    expect(await committedAtCut({ api: 'Produce', moment, afterCommits: 1 })).toEqual([1]);
  });

  it('that no request comes to is not reached', async () => {
    expect(await committedAtCut({ api: 'TxnOffsetCommit', moment: 'before', afterCommits: 0 })).toEqual([]);
  });
});
