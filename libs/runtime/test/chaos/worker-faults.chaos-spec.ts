import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from '@millrace/client';
import { startKafka, type KafkaCluster } from '@millrace/testing/containers';
import { ChaosRun } from './chaos-run.js';
import { CUT_APIS, CUT_MOMENTS } from './cut-point-dialer.js';

let kafka: KafkaCluster;
let cluster: Cluster;
beforeAll(async () => {
  kafka = await startKafka({ brokers: 3 });
  cluster = new Cluster({ bootstrap: kafka.bootstrap, clientId: 'chaos-spec' });
  await cluster.start();
});
afterAll(async () => {
  await cluster?.stop();
  await kafka?.stop();
});

const begin = (fault: string): Promise<ChaosRun> => ChaosRun.begin(fault, cluster, kafka.bootstrap);

describe('a worker that is killed loses and doubles nothing', () => {
  const cuts = CUT_APIS.flatMap((api) => CUT_MOMENTS.map((moment) => [api, moment] as const));

  it.each(cuts)('at %s, %s', async (api, moment) => {
    await using run = await begin(`kill -9 at ${api}, ${moment}`);
    await run.load();
    const worker = run.worker({ instanceId: 'worker', cut: { api, moment, afterCommits: 5 } });

    await worker.isCut();
    const seenBefore = run.seen;
    run.ledger.fired(`halted there, ${await worker.kill()}`);
    expect(seenBefore).toBeGreaterThan(0);
    const successor = run.replacement(worker);
    await successor.isRunning();
    await run.progress();

    await run.settle();
  });
});
