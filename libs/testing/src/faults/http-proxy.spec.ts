import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../eventually/eventually.js';
import { HttpProxy } from './http-proxy.js';

describe('HttpProxy', () => {
  let service: Server;
  let proxy: HttpProxy;
  let done: string[];

  beforeEach(async () => {
    done = [];
    service = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        done.push(`${request.method} ${request.url} ${body}`);
        response.writeHead(201, { 'x-host': request.headers.host }).end('done');
      });
    }).listen(0, '127.0.0.1');
    await once(service, 'listening');
    proxy = await HttpProxy.open(() => `127.0.0.1:${(service.address() as AddressInfo).port}`);
  });
  afterEach(async () => {
    await proxy.stop();
    service.closeAllConnections();
    service.close();
    await once(service, 'close');
  });

  const put = async (path: string): Promise<number> =>
    (await fetch(`${proxy.url}${path}`, { method: 'PUT', body: 'bytes' })).status;

  it('passes on requests and answers as they are, with the host that the client meant', async () => {
    const answer = await fetch(`${proxy.url}/a?b=c`, { method: 'PUT', body: 'bytes' });

    expect([answer.status, await answer.text()]).toEqual([201, 'done']);
    expect(answer.headers.get('x-host')).toBe(new URL(proxy.url).host);
    expect(done).toEqual(['PUT /a?b=c bytes']);
    expect(proxy.seen).toEqual([{ method: 'PUT', url: '/a?b=c', status: 201 }]);
  });

  it('fails the n-th request of a kind, before it was done or after, and counts', async () => {
    const before = proxy.fail({ of: ({ url }) => url === '/parts', nth: 2, times: 2, answer: 503, when: 'before' });
    const after = proxy.fail({ of: ({ url }) => url === '/end', answer: 500, when: 'after' });

    const answers = [];
    for (const path of ['/parts', '/parts', '/parts', '/parts', '/end', '/end']) answers.push(await put(path));

    expect(answers).toEqual([201, 503, 503, 201, 500, 201]);
    expect(done).toEqual(['/parts', '/parts', '/end', '/end'].map((path) => `PUT ${path} bytes`));
    expect([before(), after()]).toEqual([2, 1]);
  });

  it('holds back a request until it is released', async () => {
    const struck = proxy.fail({ of: () => true, answer: 'late', when: 'before' });
    const answer = put('/late');
    await eventually('the request is held', () => struck() === 1);
    expect(done).toEqual([]);

    proxy.release();

    expect(await answer).toBe(201);
    expect(done).toEqual(['PUT /late bytes']);
  });

  it('fails nothing any more once it is healed', async () => {
    proxy.fail({ of: () => true, times: 9, answer: 503, when: 'before' });
    expect(await put('/a')).toBe(503);

    proxy.heal();

    expect(await put('/a')).toBe(201);
  });
});
