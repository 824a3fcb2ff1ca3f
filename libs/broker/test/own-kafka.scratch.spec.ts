import { jest } from '@jest/globals';
import { describeBrokerContract } from './contract/broker.contract.js';
import { WireClient } from './wire-client.js';
jest.setTimeout(60000);
describeBrokerContract('KAFKA', async () => ({ connect: () => WireClient.overTcp('127.0.0.1', 29192), stop: async () => {} }));
