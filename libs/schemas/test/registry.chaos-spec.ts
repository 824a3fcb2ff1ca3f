import { isDeepStrictEqual } from 'node:util';
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
    /** What a registration promises, an entry each: anybody finds the schema in the registry, and who has registered it goes on knowing it. */
    const inRegistry = (nth: number): string => `${subject(nth)} in the registry`;
    const inClient = (nth: number): string => `${subject(nth)} in the client`;
    const register = async (nth: number, by = client): Promise<RegisteredSchema> => {
      ledger.sent(inRegistry(nth), inClient(nth));
      const registered = await by.register(subject(nth), flight(nth));
      ledger.acknowledged(inRegistry(nth), inClient(nth));
      return registered;
    };
    /** Enters a schema that somebody who knows nothing yet finds in the registry. */
    const lookInRegistry = async (nth: number, registered: RegisteredSchema): Promise<void> => {
      if (isDeepStrictEqual(await aClient().schemaById(registered.id), registered)) ledger.seen(inRegistry(nth));
    };
    /** Enters a schema that its client knows by its id and by its subject. */
    const lookInClient = async (nth: number, registered: RegisteredSchema, by = client): Promise<void> => {
      const found = [await by.schemaById(registered.id), await by.register(subject(nth), flight(nth))];
      if (found.every((each) => isDeepStrictEqual(each, registered))) ledger.seen(inClient(nth));
    };
    const knowsAll = async (): Promise<void> => {
      for (const each of known) expect(await client.schemaById(each.id)).toEqual(each);
      for (const [nth, each] of known.entries()) expect(await client.register(subject(nth), flight(nth))).toEqual(each);
    };
    for (let nth = 0; nth < 3; nth++) known.push(await register(nth));

    await server.pause();
    await knowsAll();
    await expect(client.schemaById(999)).rejects.toMatchObject({ code: 'MR_DEPENDENCY_TIMEOUT', disposition: 'retry' });
    ledger.fired('no answer while halted');
    await server.resume();
    await eventually('the registry is asked again', async () => (await client.schemaById(999)) ?? true, SLOW);
    known.push(await register(3));
    for (const [nth, each] of known.entries()) await lookInRegistry(nth, each);

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
    const isEmpty = async (): Promise<boolean> => (await aClient().versionsOf(subject(0))).length === 0;
    await eventually('the registry is back, and has forgotten everything', isEmpty, SLOW);
    ledger.fired('empty when it was back');
    // What it keeps is in memory, so it gives ids of its own again: the client that was started without it gets them, the other one has its own.
    const later = await register(9, atStart);
    await lookInRegistry(9, later);
    await lookInClient(9, later, atStart);
    for (const [nth, each] of known.entries()) await lookInClient(nth, each);
    ledger.settle();
  });
});
