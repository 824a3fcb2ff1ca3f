import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '@millrace/kernel';
import { int64 } from '@millrace/streams';
import { eventually } from '@millrace/testing';
import { counting } from '../../test/counting.js';
import { planApplication } from '../app/application-plan.js';
import { GroupDirectory } from './group-directory.js';
import { readMemberQuery, writeMemberQuery } from './member-protocol.js';
import { HttpQueryTransport, type QueryTransport } from './query-transport.js';
import { StoreCatalog } from './store-catalog.js';
import { StoreQueries } from './store-queries.js';

const STORE = 'event-counts';
const ALL = { kind: 'range' } as const;
const catalog = new StoreCatalog('app', planApplication('app', [counting()], []));
catalog.know(new Map([['events', 1]]));

/** What a member answers that has the task of partition 0, or says that it has. */
function answerOf(role: 'active' | 'standby', taskId = 'counting/0_0'): string {
  const source = { partition: 0, taskId, role, lagRecords: 0, member: role };
  const row = { key: 'SkZL', value: int64.serialize(3).toString('base64url'), timestampMs: 1 };
  return JSON.stringify([{ source, rows: [row] }]);
}

/** A member that has nothing itself, and knows of an active task and of a standby elsewhere. */
function asking(transport: QueryTransport, clock = new ManualClock()): StoreQueries {
  const directory = new GroupDirectory();
  const tasks = { 'counting/0': [0] };
  directory.take('thread', 1, {
    members: [
      { processId: 'a', advertisedUrl: 'http://active', active: tasks, standby: {} },
      { processId: 's', advertisedUrl: 'http://standby', active: {}, standby: tasks },
    ],
  });
  return new StoreQueries({
    member: 'here',
    advertisedUrl: () => 'http://here',
    catalog,
    directory,
    replicasOf: () => [],
    clock,
    transport,
  });
}

describe('what other members answer', () => {
  it('comes from the standby when the active member is silent, within the time that the query has', async () => {
    const clock = new ManualClock();
    const asked: string[] = [];
    const queries = asking(
      {
        ask: async (url, _store, _query, signal) => {
          asked.push(url);
          if (url === 'http://standby') return answerOf('standby');
          return new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
          );
        },
      },
      clock,
    );
    const answer = queries.ask(STORE, ALL, { allowStandby: true, timeout: '4s' });
    await eventually('the active member is asked', () => asked.length === 1);
    clock.advance(2_000);

    await expect(answer).resolves.toMatchObject({ rows: [{ key: 'JFK', value: 3 }], sources: [{ role: 'standby' }] });
    expect(asked).toEqual(['http://active', 'http://standby']);
  });

  it('is not waited for beyond the timeout, also where the transport does not listen to its signal', async () => {
    const clock = new ManualClock();
    let asked = 0;
    const queries = asking({ ask: () => (asked++, new Promise<never>(() => undefined)) }, clock);
    const answer = queries.ask(STORE, ALL, { timeout: '2s' }).catch((error: unknown) => error);
    await eventually('a member is asked', () => asked === 1);
    clock.advance(2_000);

    expect(await answer).toMatchObject({ code: 'MR_QUERY_UNAVAILABLE' });
  });

  it.each([
    ['another task', answerOf('active', 'other/0_0'), 'http://active has answered for other tasks'],
    ['no task', '[]', 'http://active has answered for other tasks'],
    ['what is no answer', '{"ok":true}', 'what has answered is no member'],
    ['what is no JSON', '<html>secret</html>', 'what has answered is no member'],
  ])('is refused when it is about %s, and quoted nowhere', async (_what, body, message) => {
    const error: unknown = await asking({ ask: async () => body })
      .ask(STORE, ALL)
      .catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: 'MR_QUERY_UNAVAILABLE', message: expect.stringContaining(message) });
    expect(String((error as Error).message)).not.toContain('secret');
  });
});

describe('what other members ask', () => {
  it('names each partition once', () => {
    const query = { query: ALL, partitions: [0, 0], allowStandby: false, isolation: 'read_committed' } as const;
    const body: unknown = JSON.parse(writeMemberQuery(query));

    expect(() => readMemberQuery(body)).toThrow('not a query of a member');
  });

  it('carries where a page of sessions begins', () => {
    const after = { afterSession: { startMs: 1, endMs: 5 }, limit: 2 };
    const query = { kind: 'sessions', key: Buffer.from('JFK'), fromMs: 0, toMs: 9, ...after } as const;
    const asked = { query, partitions: [0], allowStandby: false, isolation: 'read_committed' } as const;

    expect(readMemberQuery(JSON.parse(writeMemberQuery(asked)))).toEqual(asked);
    const broken = { ...asked, query: { ...query, afterSession: { startMs: '1' } } };
    expect(() => readMemberQuery(JSON.parse(JSON.stringify(broken)))).toThrow('not a query of a member');
  });
});

describe('HttpQueryTransport', () => {
  let server: Server | undefined;

  afterEach(() => {
    server?.close();
  });

  async function answering(status: number): Promise<{ readonly url: string; readonly seen: string[] }> {
    const seen: string[] = [];
    server = createServer((request, response) => {
      seen.push(request.headers.authorization ?? 'nobody');
      response.writeHead(status).end('[]');
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/queries`, seen };
  }

  const query = { query: ALL, partitions: [0], allowStandby: false, isolation: 'read_committed' } as const;

  it('says what is missing when a guard of the other member does not let it in', async () => {
    const { url } = await answering(401);
    const asked = new HttpQueryTransport().ask(url, STORE, query, AbortSignal.timeout(5_000));

    await expect(asked).rejects.toMatchObject({
      code: 'MR_QUERY_UNAVAILABLE',
      message: expect.stringContaining('give credentials by queryTransport'),
    });
  });

  it('asks for its headers at each request, also where they take a while', async () => {
    const { url, seen } = await answering(200);
    let nth = 0;
    const transport = new HttpQueryTransport({ headers: async () => ({ authorization: `token ${++nth}` }) });
    for (let round = 0; round < 2; round++) await transport.ask(url, STORE, query, AbortSignal.timeout(5_000));

    expect(seen).toEqual(['token 1', 'token 2']);
  });
});
