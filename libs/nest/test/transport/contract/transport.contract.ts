import { describe } from '@jest/globals';
import type { TransportBrokers } from '../transport-fixture.js';
import { describeBatches } from './batches.contract.js';
import { describeEvents } from './events.contract.js';
import { describeLifecycle } from './lifecycle.contract.js';
import { describeMoveFromNestsTransport } from './move-from-nests-transport.contract.js';
import { describeRequests } from './requests.contract.js';
import { describeRetryTopics } from './retry-topics.contract.js';
import { describeTopics } from './topics.contract.js';

/** Each part has hooks of its own, which are none of the others'. */
const PARTS = {
  events: describeEvents,
  batches: describeBatches,
  requests: describeRequests,
  topics: describeTopics,
  'retry topics': describeRetryTopics,
  'life cycle': describeLifecycle,
  'the move': describeMoveFromNestsTransport,
};

/** What `MillraceServer` does whichever brokers it works with. */
export function describeTransportContract(name: string, brokers: TransportBrokers): void {
  describe(`the transport on ${name}`, () => {
    for (const [title, part] of Object.entries(PARTS)) describe(title, () => part(brokers));
  });
}
