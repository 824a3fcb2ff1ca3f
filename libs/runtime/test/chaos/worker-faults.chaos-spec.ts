import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from '@millrace/client';
import { eventually } from '@millrace/testing';
import { startKafka, type KafkaCluster } from '@millrace/testing/containers';
import { ChaosRun } from './chaos-run.js';
import { CUT_APIS, CUT_MOMENTS } from './cut-point-dialer.js';
import type { WorkerEvent, WorkerProcess } from './worker-process.js';

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

/** Requests of a transaction that a broker refuses, as the worker tells of it, and with what. */
interface Refusal {
  readonly of: readonly (typeof CUT_APIS)[number][];
  readonly codes: readonly string[];
}

/** To a producer whose transaction was ended by the coordinator, or by another producer with its id. */
const TRANSACTION_OVER = ['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH', 'INVALID_TXN_STATE'];
/** To a member that the group goes on without: offsets of a transaction are fenced by its generation too. */
const MEMBERSHIP_OVER = ['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION'];

/** What is refused of a zombie that sends a request late. */
const REFUSALS: Readonly<Record<(typeof CUT_APIS)[number], Refusal>> = {
  // Nothing of its transaction was at the brokers, so this opens it, and cannot be too late: the offsets that follow are.
  Produce: { of: ['TxnOffsetCommit'], codes: MEMBERSHIP_OVER },
  TxnOffsetCommit: { of: ['TxnOffsetCommit'], codes: TRANSACTION_OVER },
  EndTxn: { of: ['EndTxn'], codes: TRANSACTION_OVER },
};

/**
 * Waits until a worker has failed because a broker refused one of these requests; the answer to another request, such as a heartbeat, is none.
 *
 * @param from Looks only at what it told after so many events.
 * @returns the request, and what the broker said.
 */
async function refusal(worker: WorkerProcess, { of, codes }: Refusal, from: number): Promise<string> {
  // An EndTxn that aborts is none of those that the tests hold back.
  const told = new RegExp(
    `\\b(${of.join('|')})(?: \\(commit\\))? (?:of|to) .* was answered with (${codes.join('|')})\\b`,
  );
  const isRefusal = ({ event, message = '' }: WorkerEvent): boolean => event === 'failed' && told.test(message);
  const { message } = await worker.tells(`the refusal of ${of.join(' or ')}`, isRefusal, from);
  const [, request, code] = told.exec(message!)!;
  return `${request}: ${code}`;
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

    run.ledger.fired(await refusal(zombie, REFUSALS[api], told));
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

    run.ledger.fired(await refusal(zombie, REFUSALS.EndTxn, told));
    const isReplaced = ({ event, message = '' }: WorkerEvent): boolean =>
      event === 'ended' && message.includes('FENCED_INSTANCE_ID');
    await zombie.tells('the end of its membership', isReplaced, told);
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

    const slow = await worker.tells('its slow handler', ({ event }) => event === 'slow');
    const any: Refusal = { of: CUT_APIS, codes: TRANSACTION_OVER };
    run.ledger.fired(await refusal(worker, any, worker.events.indexOf(slow)));
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
