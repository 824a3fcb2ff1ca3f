import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from '@millrace/client';
import { eventually } from '@millrace/testing';
import { startKafka, type KafkaCluster } from '@millrace/testing/containers';
import { ChaosRun } from './chaos-run.js';
import { CUT_APIS, CUT_MOMENTS } from './cut-point-dialer.js';
import type { WorkerProcess } from './worker-process.js';

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

/** What brokers answer to somebody whose time is over. */
const FENCED =
  /PRODUCER_FENCED|INVALID_PRODUCER_EPOCH|INVALID_TXN_STATE|ILLEGAL_GENERATION|UNKNOWN_MEMBER_ID|FENCED_INSTANCE_ID/;

/** Waits until a worker that went on too late was refused. @returns what the brokers said. */
async function refusal(worker: WorkerProcess, from: number): Promise<string> {
  const { message = '' } = await worker.tells('a refusal', ({ message = '' }) => FENCED.test(message), from);
  return FENCED.exec(message)![0];
}

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

describe('a zombie changes nothing: a worker that stood still past its session and its transaction, while others took over', () => {
  it.each(CUT_APIS)('and then sends its %s', async (api) => {
    await using run = await begin(`SIGSTOP, late ${api}`);
    await run.load();
    const times = { sessionTimeoutMs: 6_000, transactionTimeoutMs: 4_000 };
    const zombie = run.worker({ ...times, cut: { api, moment: 'before', afterCommits: 5 } });
    await zombie.isCut();

    const successor = run.worker(times);
    await successor.isRunning();
    await run.caughtUp();
    const told = zombie.events.length;
    zombie.goOn();

    run.ledger.fired(await refusal(zombie, told));
    await zombie.isRunning(told);
    await run.progress();
    await run.settle();
  });

  it('and whose place was taken by a process of its name', async () => {
    await using run = await begin('SIGSTOP, replaced by its name');
    await run.load();
    const zombie = run.worker({ instanceId: 'worker', cut: { api: 'EndTxn', moment: 'before', afterCommits: 5 } });
    await zombie.isCut();

    const successor = run.worker({ instanceId: 'worker' });
    await successor.isRunning();
    await run.caughtUp();
    const told = zombie.events.length;
    zombie.goOn();

    run.ledger.fired(await refusal(zombie, told));
    expect(await zombie.end()).toBe('1');
    await run.settle();
  });
});

describe('a group loses and doubles nothing', () => {
  it('while workers come, leave and are killed again and again', async () => {
    await using run = await begin('rebalance storm');
    await run.load();
    const steady = run.worker();
    await steady.isRunning();
    const generations = (): number[] => steady.events.flatMap(({ generationId = [] }) => generationId);
    const before = Math.max(...generations());
    for (let round = 0; round < 3; round++) {
      const [leaving, dying] = [run.worker(), run.worker()];
      await Promise.all([leaving.isRunning(), dying.isRunning()]);
      await leaving.stop();
      await dying.kill();
    }
    await run.progress();

    run.ledger.fired(`generations ${before} to ${Math.max(...generations())}`);
    // Those of a round that join, leave or are missed at once may share a generation.
    expect(Math.max(...generations())).toBeGreaterThanOrEqual(before + 3);
    await run.settle();
  });

  it('when a handler takes longer than its transaction may', async () => {
    await using run = await begin('transaction timeout');
    const load = await run.load();
    await eventually('there are orders', () => load.acknowledged > 1_000, { timeoutMs: 30_000 });
    const worker = run.worker({ transactionTimeoutMs: 2_000, slow: { ms: 6_000 } });

    await worker.tells('its slow handler', ({ event }) => event === 'slow');
    run.ledger.fired(await refusal(worker, 0));
    await run.progress();
    await run.settle();
  });

  it('whose input is full of aborted transactions between others', async () => {
    await using run = await begin('interleaved aborted transactions');
    const loads = await Promise.all(
      ['a', 'b', 'c'].map((name) => run.load({ name, transactionOf: 40, perSecond: 300 })),
    );
    const worker = run.worker();
    await worker.isRunning();
    await run.progress(3_000);

    const aborted = loads.map((load) => load.aborted);
    expect(Math.min(...aborted)).toBeGreaterThan(200);
    run.ledger.fired(`${aborted.reduce((total, count) => total + count, 0)} orders aborted`);
    await run.settle();
  });
});
