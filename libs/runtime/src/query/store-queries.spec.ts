import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock, TransientError, isMillraceError } from '@millrace/kernel';
import { eventually } from '@millrace/testing';
import { Apps } from '../../test/apps.js';
import { counting, events } from '../../test/counting.js';
import { EmbeddedCluster } from '../../test/embedded-cluster.js';
import { planApplication } from '../app/application-plan.js';
import type { StreamsApp } from '../app/streams-app.js';
import { GroupDirectory } from './group-directory.js';
import { writeAnswers } from './member-protocol.js';
import type { QueryTransport } from './query-transport.js';
import { StoreCatalog } from './store-catalog.js';
import { StoreQueries } from './store-queries.js';
import { storeReads, type KeyValueQueries } from './typed-stores.js';

const STORE = 'event-counts';
const KEYS = ['ATL', 'BOS', 'EWR', 'JFK', 'LAX', 'LGA', 'ORD'];
/** Ten events of each key. */
const given = Array.from({ length: 70 }, (_, nth) => ({
  key: KEYS[nth % 7] as string,
  value: `v${nth}`,
  timestampMs: nth,
}));

let cluster: EmbeddedCluster;
const apps = new Apps(() => cluster);
/** The members by what they advertise, and how often each was asked. */
let members: Map<string, StreamsApp>;
let asked: string[];

/** Takes a query to a member of the same process, as bytes. */
const transport: QueryTransport = {
  ask: async (url, store, query) => {
    asked.push(url);
    const { queries } = members.get(url) as StreamsApp;
    return writeAnswers(queries.spec(store), queries.answerHere(store, query));
  },
};

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ [events.name]: 4, counts: 2 });
  members = new Map();
  asked = [];
});

afterEach(async () => {
  await apps.stop();
  await cluster.stop();
});

async function start(name: string, standbyReplicas = 0): Promise<StreamsApp> {
  const advertisedUrl = `http://${name}`;
  const app = await apps.start(counting(), { advertisedUrl, queryTransport: transport, standbyReplicas });
  members.set(advertisedUrl, app);
  return app;
}

function counts({ queries }: StreamsApp): KeyValueQueries<string, number> {
  return storeReads(STORE, () => queries);
}

function tasksOf(app: StreamsApp): number {
  return app.health().threads.flatMap(({ tasks }) => tasks.filter(({ state }) => state === 'RUNNING')).length;
}

async function spread(...running: readonly StreamsApp[]): Promise<void> {
  const level = 4 / running.length;
  await eventually('the tasks are spread', () => running.every((app) => tasksOf(app) === level), { timeoutMs: 15_000 });
}

/** Reads until nothing moves; counts how often it was told to try again, and fails at every other error. */
async function patiently<T>(read: () => Promise<T>): Promise<T> {
  let found: T | undefined;
  await eventually(
    'the query is answered',
    async () => {
      try {
        found = await read();
        return true;
      } catch (error) {
        if (!isMillraceError(error) || error.code !== 'MR_QUERY_UNAVAILABLE') throw error;
        return false;
      }
    },
    { timeoutMs: 15_000 },
  );
  return found as T;
}

describe('StoreQueries', () => {
  it('answers any key from any member, by the one whose task has it', async () => {
    const [first, second] = [await start('a'), await start('b')];
    await spread(first, second);
    await cluster.produce('events', given);
    await Promise.all([first.drained(), second.drained()]);

    for (const app of [first, second]) {
      for (const key of KEYS) await expect(counts(app).get(key)).resolves.toBe(10);
      await expect(counts(app).get('nobody')).resolves.toBeUndefined();
    }
    const answered = await Promise.all(
      KEYS.map((key) => first.queries.ask(STORE, { kind: 'key', key: Buffer.from(key) })),
    );
    expect(new Set(answered.flatMap(({ sources }) => sources.map(({ member }) => member))).size).toBe(2);
    expect(answered.flatMap(({ sources }) => sources)).toContainEqual(
      expect.objectContaining({ role: 'active', lagRecords: 0, taskId: expect.stringMatching(/^counting\/0_[0-3]$/) }),
    );
  });

  it('merges the rows of all members in the order of their keys, page by page, asking each member once', async () => {
    const [first, second] = [await start('a'), await start('b')];
    await spread(first, second);
    await cluster.produce('events', given);
    await Promise.all([first.drained(), second.drained()]);
    asked = [];

    expect((await counts(first).all()).map(({ key }) => key)).toEqual(KEYS);
    expect(asked).toEqual(['http://b']);
    expect((await counts(second).range('EWR', 'LGA')).map(({ key }) => key)).toEqual(['EWR', 'JFK', 'LAX', 'LGA']);
    expect((await counts(second).all({ after: 'EWR', limit: 2 })).map(({ key }) => key)).toEqual(['JFK', 'LAX']);
  });

  it('follows the tasks from member to member, and says to try again meanwhile', async () => {
    const first = await start('a');
    await eventually('all tasks run', () => tasksOf(first) === 4);
    await cluster.produce('events', given);
    await first.drained();
    const starting = start('b');
    for (const key of KEYS) await expect(patiently(() => counts(first).get(key))).resolves.toBe(10);
    const second = await starting;
    for (const key of KEYS) await expect(patiently(() => counts(second).get(key))).resolves.toBe(10);
    await spread(first, second);
    await first.stop();

    for (const key of KEYS) await expect(patiently(() => counts(second).get(key))).resolves.toBe(10);
    expect(tasksOf(second)).toBe(4);
  }, 20_000);

  it('answers from a standby in the same process where that is allowed, with its lag', async () => {
    const [first, second] = [await start('a', 1), await start('b', 1)];
    await spread(first, second);
    await cluster.produce('events', given);
    await Promise.all([first.drained(), second.drained()]);
    const isFollowed = (app: StreamsApp): boolean => {
      const standbys = app.localStores(STORE).filter(({ role }) => role === 'standby');
      return standbys.length === 2 && standbys.every(({ lagRecords }) => lagRecords === 0);
    };
    await eventually('the standbys have everything', () => isFollowed(first) && isFollowed(second));
    asked = [];

    const answer = await first.queries.ask(STORE, { kind: 'range' }, { allowStandby: true, maxLagRecords: 0 });
    expect(answer.rows.map(({ value }) => value)).toEqual(KEYS.map(() => 10));
    expect(answer.sources.map(({ role }) => role).sort()).toEqual(['active', 'active', 'standby', 'standby']);
    expect(asked).toEqual([]);
    expect(KEYS.map((key) => first.queries.locate(STORE, Buffer.from(key)).standbys.length)).toEqual(KEYS.map(() => 1));
  });

  it('says to try again, and when, before it has started', async () => {
    const app = await start('a');
    await app.stop();
    const error = await counts(app)
      .get('ATL')
      .catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(TransientError);
    expect(error).toMatchObject({ code: 'MR_QUERY_UNAVAILABLE', retryAfterMs: 1_000 });
  });

  it('tells where a key is', async () => {
    const [first, second] = [await start('a'), await start('b')];
    await spread(first, second);
    const located = KEYS.map((key) => first.queries.locate(STORE, Buffer.from(key)));

    expect(new Set(located.map(({ active }) => active?.advertisedUrl))).toEqual(new Set(['http://a', 'http://b']));
    expect(located.every(({ standbys }) => standbys.length === 0)).toBe(true);
  });

  it('answers from its own tasks alone what another member asks', async () => {
    const [first, second] = [await start('a'), await start('b')];
    await spread(first, second);
    const query = { kind: 'range' } as const;
    const all = { query, partitions: [0, 1, 2, 3], allowStandby: false, isolation: 'read_committed' } as const;
    asked = [];

    expect(() => first.queries.answerHere(STORE, all)).toThrow('it is not here');
    expect(asked).toEqual([]);
  });

  it('gives up after the timeout, by the clock that it was given', async () => {
    const clock = new ManualClock();
    const catalog = new StoreCatalog('app', planApplication('app', [counting()], []));
    catalog.know(new Map([['events', 1]]));
    const directory = new GroupDirectory();
    const other = { processId: 'b', advertisedUrl: 'http://b', active: { 'counting/0': [0] }, standby: {} };
    directory.take('thread', 1, { members: [other] });
    const queries = new StoreQueries({
      member: 'a',
      advertisedUrl: () => 'http://a',
      catalog,
      directory,
      replicasOf: () => [],
      clock,
      transport: {
        ask: (_url, _store, _query, signal) =>
          new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
          ),
      },
    });
    const answer = queries.ask(STORE, { kind: 'range' }, { timeout: '2s' });
    clock.advance(1_999);
    const early = await Promise.race([answer.catch(() => 'gave up'), Promise.resolve('waits')]);
    clock.advance(1);

    expect(early).toBe('waits');
    await expect(answer).rejects.toThrow('did not answer within 2000 ms');
  });

  it.each([
    [{ maxLagRecords: -1 }, 'maxLagRecords: -1'],
    [{ partition: 4 }, 'partition: 4 is not one of the 4'],
  ])('refuses %j', async (options, message) => {
    const app = await start('a');

    await expect(counts(app).get('ATL', options)).rejects.toThrow(message);
  });

  it('knows no store that the application does not have', async () => {
    const app = await start('a');

    await expect(storeReads('nothing', () => app.queries).get('k')).rejects.toMatchObject({
      code: 'MR_QUERY_STORE_UNKNOWN',
    });
  });
});
