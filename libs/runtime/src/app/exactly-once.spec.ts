import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@millrace/testing';
import { Apps } from '../../test/apps.js';
import { counting, events, expectCountedOnce, numbered } from '../../test/counting.js';
import { EmbeddedCluster } from '../../test/embedded-cluster.js';
import { ApiKeys, FaultDialer } from '../../test/fault-dialer.js';
import { runtimeChannels } from '../diagnostics/channels.js';

let cluster: EmbeddedCluster;
const apps = new Apps(() => cluster);

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ [events.name]: 3, counts: 3 });
});

afterEach(async () => {
  await apps.stop();
  await cluster.stop();
});

/** Runs `fault` synchronously right after a slice of records was processed: in the middle of a transaction. */
function afterSlice(nth: number, fault: () => void): () => void {
  let slices = 0;
  return runtimeChannels.processed.subscribe(() => {
    if (++slices === nth) fault();
  });
}

describe('exactly once', () => {
  it('neither loses nor doubles anything when processes are killed in the middle of a transaction', async () => {
    const given = numbered(4_000);
    for (let kill = 0; kill < 3; kill++) {
      await cluster.produce('events', given.slice(kill * 1_000, (kill + 1) * 1_000));
      const dialer = new FaultDialer(cluster.broker.dialer());
      const unsubscribe = afterSlice(kill + 1, () => dialer.kill());
      await apps.start(counting(), { dialer, instanceId: 'pod-1' });
      await eventually('the process is killed', () => dialer.faults > 0);
      unsubscribe();
    }
    await cluster.produce('events', given.slice(3_000));

    const app = await apps.start(counting(), { instanceId: 'pod-1' });
    await app.drained();

    await expectCountedOnce(cluster, given);
  }, 30_000);

  it.each([
    ['the answer to a commit is lost', ApiKeys.EndTxn, 'cut-after'],
    ['a commit does not arrive', ApiKeys.EndTxn, 'cut-before'],
    ['the answer to the offsets is lost', ApiKeys.TxnOffsetCommit, 'cut-after'],
    ['the answer to records is lost', ApiKeys.Produce, 'cut-after'],
  ] as const)(
    'goes on by itself when %s',
    async (_what, apiKey, fault) => {
      const given = numbered(2_000);
      const dialer = new FaultDialer(cluster.broker.dialer());
      let requests = 0;
      dialer.onRequest = (key) => (key === apiKey && ++requests % 3 === 0 && dialer.faults < 4 ? fault : 'pass');
      const app = await apps.start(counting(), { dialer });
      for (let part = 0; part < 20; part++) {
        await cluster.produce('events', given.slice(part * 100, (part + 1) * 100));
        await app.drained();
      }

      expect(dialer.faults).toBe(4);
      await expectCountedOnce(cluster, given);
    },
    60_000,
  );
});
