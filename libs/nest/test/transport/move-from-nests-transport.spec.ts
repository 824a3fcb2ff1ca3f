import { describeMoveFromNestsTransport } from './contract/move-from-nests-transport.contract.js';
import { embeddedBrokers } from './embedded-brokers.js';

describeMoveFromNestsTransport(embeddedBrokers);
