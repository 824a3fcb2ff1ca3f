import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HttpContractRegistry } from './http-contract-registry.js';

const schema = { type: 'record', name: 'Flight', fields: [{ name: 'origin', type: 'string' }] };

describe('HttpContractRegistry', () => {
  let server: Server;
  let registry: HttpContractRegistry;
  let asked: string[];
  let logins: (string | undefined)[];
  let answer: (request: string) => readonly [number, unknown] | 'silence';

  beforeEach(async () => {
    asked = [];
    logins = [];
    answer = () => [500, { message: 'not told what to answer' }];
    server = createServer((request: IncomingMessage, response: ServerResponse) => {
      request.resume();
      const line = `${request.method} ${request.url}`;
      asked.push(line);
      logins.push(request.headers.authorization);
      const told = answer(line);
      if (told !== 'silence')
        response.writeHead(told[0]).end(typeof told[1] === 'string' ? told[1] : JSON.stringify(told[1]));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    registry = new HttpContractRegistry({ url: `http://127.0.0.1:${port}/`, requestTimeout: 200 });
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  const answersFlight = (request: string): readonly [number, unknown] =>
    ({
      'POST /subjects/flights-value/versions': [200, { id: 7 }] as const,
      'POST /subjects/flights-value': [200, { id: 7, subject: 'flights-value', version: 2 }] as const,
      'GET /schemas/ids/7': [200, { schema: JSON.stringify(schema) }] as const,
      'GET /schemas/ids/7/versions': [200, [{ subject: 'flights-value', version: 2 }]] as const,
    })[request] ?? [404, { message: 'unknown' }];

  it('asks for a schema once, whether it was registered or found by its id', async () => {
    answer = answersFlight;
    const flight = { id: 7, subject: 'flights-value', version: 2, format: 'avro', schema };

    expect(await registry.schemaById(7)).toEqual(flight);
    expect(await registry.schemaById(7)).toEqual(flight);
    expect(await registry.register('flights-value', { format: 'avro', schema })).toEqual(flight);
    expect(await registry.register('flights-value', { format: 'avro', schema })).toEqual(flight);

    expect(asked).toHaveLength(4);
  });

  it('asks again for what it did not find, and for what failed', async () => {
    answer = () => [404, { message: 'unknown' }];
    expect(await registry.schemaById(7)).toBeUndefined();
    expect(await registry.versionsOf('flights-value')).toEqual([]);
    answer = () => [503, {}];
    await expect(registry.schemaById(7)).rejects.toMatchObject({
      code: 'MR_DEPENDENCY_UNAVAILABLE',
      disposition: 'retry',
    });

    answer = answersFlight;
    expect(await registry.schemaById(7)).toMatchObject({ version: 2 });
  });

  it('says that a registry which is silent or away may be asked again', async () => {
    answer = () => 'silence';
    await expect(registry.schemaById(7)).rejects.toMatchObject({
      code: 'MR_DEPENDENCY_TIMEOUT',
      disposition: 'retry',
      message: expect.stringContaining("asked for 'id 7'"),
    });
    const away = new HttpContractRegistry({ url: 'http://127.0.0.1:1' });
    await expect(away.register('flights-value', { format: 'avro', schema })).rejects.toMatchObject({
      code: 'MR_DEPENDENCY_UNAVAILABLE',
      disposition: 'retry',
      message: expect.stringContaining("127.0.0.1:1 is out of reach, asked for 'flights-value'"),
    });
  });

  it('refuses an incompatible schema with the reason of the registry', async () => {
    answer = () => [409, { message: 'a field has no default' }];

    await expect(registry.register('flights-value', { format: 'avro', schema })).rejects.toMatchObject({
      code: 'MR_CONFIG_INVALID',
      problems: ['a field has no default'],
    });
  });

  it('says what to check when the registry refuses the caller', async () => {
    answer = () => [401, { message: 'who are you' }];

    await expect(registry.schemaById(7)).rejects.toMatchObject({
      disposition: 'stop-app',
      message: expect.stringContaining('401'),
    });
  });

  it('shows the credentials of its URL to the registry, and to nobody else', async () => {
    answer = answersFlight;
    const { port } = server.address() as AddressInfo;
    const url = `http://ada:pa55%20w%C3%B6rd@127.0.0.1:${port}/`;

    expect(await new HttpContractRegistry({ url }).schemaById(7)).toMatchObject({ version: 2 });
    expect(logins).toEqual(Array(2).fill(`Basic ${Buffer.from('ada:pa55 wörd').toString('base64')}`));

    const away = new HttpContractRegistry({ url: 'http://ada:pa55@127.0.0.1:1' });
    const failure = await away.schemaById(7).catch((error: unknown) => error);
    expect(failure).toMatchObject({ message: expect.stringContaining('127.0.0.1:1 is out of reach') });
    expect(inspect(failure)).not.toContain('pa55');
  });

  it('says that what answers is no registry when it speaks no JSON', async () => {
    answer = () => [200, '<html>Welcome</html>'];
    const failure: unknown = await registry.schemaById(7).catch((error: unknown) => error);

    expect(failure).toMatchObject({ code: 'MR_CONFIG_INVALID', disposition: 'stop-app' });
    expect((failure as Error).message).toMatch(/^the schema registry 127.0.0.1:\d+ answered 200, .* check its URL/);
    expect(inspect(failure)).not.toContain('Welcome');
  });

  it('refuses a URL that is none', () => {
    expect(() => new HttpContractRegistry({ url: 'registry:8081' })).toThrow('url: must begin with http://');
    expect(() => new HttpContractRegistry({ url: 'http://ada:100%@registry' })).toThrow(
      /^(?!.*100).*% is written as %25/s,
    );
  });
});
