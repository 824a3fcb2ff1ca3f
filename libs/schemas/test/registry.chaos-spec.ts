import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { enrichedFlightSchema, HttpContractRegistry, type RegisteredSchema } from '@millrace/schemas';
import { DeliveryLedger, eventually } from '@millrace/testing';
import {
  ContainerNetwork,
  startNetworkFaults,
  startRegistry,
  type NetworkProxy,
  type SchemaRegistry,
} from '@millrace/testing/containers';

const SLOW = { timeoutMs: 60_000, intervalMs: 100 };
const subject = (nth: number): string => `flights-${nth}-value`;
const flight = (nth: number) => ({
  format: 'avro' as const,
  schema: { ...enrichedFlightSchema, name: `EnrichedFlight${nth}` },
});

describe('a client of the schema registry', () => {
  const stack = new AsyncDisposableStack();
  let server: SchemaRegistry;
  let way: NetworkProxy;
  beforeAll(async () => {
    const network = stack.use(await ContainerNetwork.create());
    const [registry, faults] = await Promise.all([startRegistry({ network }), startNetworkFaults({ network })]);
    for (const each of [registry, faults]) stack.use(each);
    server = registry;
    // By alias: a registry that was started again is found at the same address.
    way = await faults.proxy('registry', 'registry:8080');
  });
  afterAll(() => stack.disposeAsync());

  const aClient = (): HttpContractRegistry =>
    new HttpContractRegistry({ url: server.urlAt(way.address), requestTimeout: '10s' });

  it('goes on with what it knows while the registry is down or halted, says so otherwise, and recovers', async () => {
    const ledger = new DeliveryLedger('the registry is halted, then killed');
    const client = aClient();
    const known: RegisteredSchema[] = [];
    const register = async (nth: number, by = client): Promise<void> => {
      ledger.sent(subject(nth));
      known.push(await by.register(subject(nth), flight(nth)));
      ledger.acknowledged(subject(nth));
    };
    const knowsAll = async (): Promise<void> => {
      for (const each of known) expect(await client.schemaById(each.id)).toEqual(each);
      for (const [nth, each] of known.entries()) expect(await client.register(subject(nth), flight(nth))).toEqual(each);
    };
    for (let nth = 0; nth < 3; nth++) await register(nth);

    await server.pause();
    await knowsAll();
    await expect(client.schemaById(999)).rejects.toMatchObject({ code: 'MR_DEPENDENCY_TIMEOUT', disposition: 'retry' });
    ledger.fired('no answer while halted');
    await server.resume();
    await eventually('the registry is asked again', async () => (await client.schemaById(999)) ?? true, SLOW);
    await register(3);
    for (const each of known) ledger.seen((await aClient().schemaById(each.id))!.subject);

    await server.kill();
    await knowsAll();
    const atStart = aClient();
    await expect(atStart.register('flights-value', flight(9))).rejects.toMatchObject({
      code: 'MR_DEPENDENCY_UNAVAILABLE',
      disposition: 'retry',
      message: expect.stringContaining("asked for 'flights-value'"),
    });
    ledger.fired('out of reach while killed, at start too');
    await server.start();
    // What it keeps is in memory, so a new one gives ids of its own: the client that was started without it gets them.
    await eventually(
      'the registry takes schemas of the client that started without it',
      () => atStart.register(subject(9), flight(9)),
      SLOW,
    );
    await knowsAll();
    ledger.settle();
  });
});
