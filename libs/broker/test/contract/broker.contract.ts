import type { StartBroker } from './broker-under-test.js';
import { describeFetching } from './fetch.contract.js';
import { describeGroups } from './groups.contract.js';
import { describeProducing } from './produce.contract.js';
import { describeTopics } from './topics.contract.js';
import { describeTransactions } from './transactions.contract.js';

/**
 * What a broker must answer, request by request: the same for the embedded broker and for Apache Kafka, so that client and
 * embedded broker cannot share a mistake.
 */
export function describeBrokerContract(broker: string, start: StartBroker): void {
  describeProducing(broker, start);
  describeFetching(broker, start);
  describeTransactions(broker, start);
  describeGroups(broker, start);
  describeTopics(broker, start);
}
