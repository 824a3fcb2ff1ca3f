import { afterAll, afterEach, beforeAll, beforeEach, describe, jest } from '@jest/globals';
import { describeAdmin } from './admin.contract.js';
import type { ContractBroker, StartBroker } from './contract-broker.js';
import { ContractSession } from './contract-session.js';
import { describeGroups } from './groups.contract.js';
import { describeInterop } from './interop.contract.js';
import { describeIsolation } from './isolation.contract.js';
import { describeRecords } from './records.contract.js';
import { describeTransactions } from './transactions.contract.js';

/**
 * What this client and a broker promise each other. Runs unchanged against every broker, so that none of them can share a
 * mistake with the client.
 */
export function describeClientContract(name: string, startBroker: StartBroker): void {
  describe(`the client and ${name}`, () => {
    withBroker(startBroker, 2, (session) => {
      describeAdmin(session);
      describeRecords(session);
      describeGroups(session);
      describeIsolation(session);
      describe('transactions of version 2', () => describeTransactions(session, 2));
      describe('transactions of version 1 on a broker that offers version 2', () => describeTransactions(session, 1));
      describeInterop(session);
    });
  });

  describe(`the client and ${name} with transaction version 1`, () => {
    withBroker(startBroker, 1, (session) => {
      describe('transactions', () => describeTransactions(session, 2));
    });
  });
}

jest.setTimeout(60_000);

function withBroker(
  startBroker: StartBroker,
  transactionVersion: 1 | 2,
  body: (session: () => ContractSession) => void,
): void {
  let broker: ContractBroker;
  let session: ContractSession;
  beforeAll(async () => {
    broker = await startBroker({ transactionVersion });
  });
  beforeEach(() => {
    session = new ContractSession(broker);
  });
  afterEach(() => session.stop());
  afterAll(() => broker?.stop());
  body(() => session);
}
