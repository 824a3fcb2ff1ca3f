import { beforeEach, describe, expect, it } from '@jest/globals';
import { SystemClock, TransientError } from '@millrace/kernel';
import { RecordBatchBuilder, RecordBatchCursor } from '@millrace/protocol';
import { StoreSet, int64, type RecordRun, type SubTopology } from '@millrace/streams';
import { counting } from '../../test/counting.js';
import { planApplication } from '../app/application-plan.js';
import { StoreProgress } from '../restore/store-progress.js';
import { GroupDirectory } from './group-directory.js';
import { readAnswers, writeAnswers } from './member-protocol.js';
import { StoreCatalog } from './store-catalog.js';
import { StoreQueries } from './store-queries.js';
import { standbyReplica, type StoreReplica } from './store-replica.js';

const STORE = 'event-counts';
const topology = counting();
const catalog = new StoreCatalog('app', planApplication('app', [topology], []));
catalog.know(new Map([['events', 1]]));
const ALL = { kind: 'range' } as const;

/** Records of a changelog, from offset 0 on. */
function changelog(...rows: readonly (readonly [string, number])[]): RecordRun {
  const builder = new RecordBatchBuilder();
  for (const [key, count] of rows) builder.append(0, Buffer.from(key), int64.serialize(count), []);
  const cursor = new RecordBatchCursor();
  cursor.reset(builder.build({ baseOffset: 0 }));
  return {
    cursor,
    nextOffset: rows.length,
    nextRecord: () => cursor.nextRecord() || (cursor.nextBatch() && cursor.nextRecord()),
  };
}

describe('queries of standbys', () => {
  let stores: StoreSet;
  let standby: StoreReplica;

  beforeEach(() => {
    const collector = { send: () => undefined };
    stores = new StoreSet(topology, topology.subTopologies[0] as SubTopology, {
      applicationId: 'app',
      partition: 0,
      collector: collector as never,
    });
    stores.restore(STORE, changelog(['JFK', 1], ['LGA', 2], ['JFK', 3]));
    const progress = new StoreProgress(stores);
    progress.sawEnd(STORE, 5);
    standby = standbyReplica(stores, progress);
  });

  function memberWith(replicas: readonly StoreReplica[], directory = new GroupDirectory()): StoreQueries {
    const transport = {
      ask: async (url: string): Promise<string> => {
        if (url !== 'http://standby') throw new TransientError('MR_QUERY_UNAVAILABLE', `${url} does not answer`);
        const there = memberWith([standby]);
        const query = { query: ALL, partitions: [0], allowStandby: true, isolation: 'read_committed' } as const;
        return writeAnswers(there.spec(STORE), there.answerHere(STORE, query));
      },
    };
    const replicasOf = (): readonly StoreReplica[] => replicas;
    return new StoreQueries({
      member: 'here',
      advertisedUrl: () => undefined,
      catalog,
      directory,
      replicasOf,
      transport,
      clock: new SystemClock(),
    });
  }

  it('answers from a standby where that is allowed, and tells how far it lags', async () => {
    const answer = await memberWith([standby]).ask(STORE, ALL, { allowStandby: true });

    expect(answer.rows.map(({ key, value }) => [key, value])).toEqual([
      ['JFK', 3],
      ['LGA', 2],
    ]);
    expect(answer.sources).toEqual([
      { partition: 0, taskId: 'counting/0_0', role: 'standby', lagRecords: 2, member: 'here' },
    ]);
  });

  it.each([
    ['it is not allowed', 5, {}],
    ['it lags further than that', 5, { allowStandby: true, maxLagRecords: 1 }],
    ['nobody knows how far it lags', undefined, { allowStandby: true, maxLagRecords: 1_000 }],
  ])('does not answer from a standby where %s', async (_why, end, options) => {
    const progress = new StoreProgress(stores);
    if (end !== undefined) progress.sawEnd(STORE, end);

    await expect(memberWith([standbyReplica(stores, progress)]).ask(STORE, ALL, options)).rejects.toMatchObject({
      code: 'MR_QUERY_UNAVAILABLE',
    });
  });

  it('prefers the active task in the same process, and waits for one that restores', async () => {
    const active: StoreReplica = { ...standby, role: 'active', lagRecords: () => 0 };
    const restoring: StoreReplica = { ...active, isReadable: false };

    const answer = await memberWith([standby, active]).ask(STORE, ALL, { allowStandby: true });
    expect(answer.sources[0]?.role).toBe('active');
    await expect(memberWith([restoring]).ask(STORE, ALL)).rejects.toMatchObject({ code: 'MR_QUERY_UNAVAILABLE' });
  });

  it('asks the standby of another member when the active task does not answer, and only where that is allowed', async () => {
    const directory = new GroupDirectory();
    const tasks = { 'counting/0': [0] };
    directory.take('thread', 1, {
      members: [
        { processId: 'gone', advertisedUrl: 'http://gone', active: tasks, standby: {} },
        { processId: 'standby', advertisedUrl: 'http://standby', active: {}, standby: tasks },
      ],
    });
    const here = memberWith([], directory);

    const answer = await here.ask(STORE, ALL, { allowStandby: true });
    expect(answer.sources[0]).toMatchObject({ role: 'standby', lagRecords: 2 });
    await expect(here.ask(STORE, ALL)).rejects.toThrow('http://gone does not answer');
  });

  it('asks another worker thread of its own process, which has an address of its own', async () => {
    const directory = new GroupDirectory();
    const sibling = { processId: 'here', advertisedUrl: 'http://standby', active: { 'counting/0': [0] }, standby: {} };
    directory.take('thread', 1, { members: [sibling] });

    const answer = await memberWith([], directory).ask(STORE, ALL);
    expect(answer.rows).toHaveLength(2);
  });

  it('carries rows between members as bytes', () => {
    const rows = stores.query(STORE, ALL);
    const source = {
      partition: 0,
      taskId: 'counting/0_0',
      role: 'standby',
      lagRecords: Infinity,
      member: 'there',
    } as const;
    const spec = catalog.find(STORE).spec;

    expect(readAnswers(spec, writeAnswers(spec, [{ source, rows }]))).toEqual([{ source, rows }]);
  });
});
