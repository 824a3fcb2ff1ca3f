import { eventually } from '@millrace/testing';
import { apis, ErrorCodes } from '@millrace/protocol';
import type { WireClient } from '../wire-client.js';

/** A broker that the contract runs against. */
export interface BrokerUnderTest {
  connect(): Promise<WireClient>;
  stop(): Promise<void>;
}

/** Starts a broker for one suite. */
export type StartBroker = () => Promise<BrokerUnderTest>;

let names = 0;

/** A name that no other test of this run has used. */
export function fresh(what: string): string {
  return `${what}-${process.pid}-${++names}`;
}

/** Creates a topic and waits until it can be used: a cluster answers before all of it knows. */
export async function createdTopic(
  client: WireClient,
  options: { partitions?: number; configs?: Record<string, string> } = {},
): Promise<string> {
  const name = fresh('topic');
  const { partitions = 1, configs = {} } = options;
  // Records of these specs are older than a segment may be; without this, Apache Kafka would begin one for each marker.
  const errorCode = await client.createTopic(name, partitions, { 'segment.ms': '9223372036854775807', ...configs });
  if (errorCode !== ErrorCodes.NONE) throw new Error(`creating ${name} failed with ${errorCode}`);
  const indexes = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1 }));
  await eventually(
    'the topic has leaders',
    async () => {
      const found = await client.call(apis.ListOffsets, 7, { replicaId: -1, topics: [{ name, partitions: indexes }] });
      return found.topics[0]!.partitions.every((each) => each.errorCode === ErrorCodes.NONE);
    },
    { timeoutMs: 30_000 },
  );
  return name;
}

/** What a client tries again by itself: a coordinator that is not ready, markers that are still being written. */
const TRY_AGAIN: readonly number[] = [
  ErrorCodes.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCodes.COORDINATOR_NOT_AVAILABLE,
  ErrorCodes.NOT_COORDINATOR,
  ErrorCodes.CONCURRENT_TRANSACTIONS,
  ErrorCodes.NOT_ENOUGH_REPLICAS,
];

/** Waits until there are coordinators: a cluster creates their topics when they are asked for first. */
export async function coordinatorsReady(client: WireClient): Promise<void> {
  for (const keyType of [0, 1]) {
    const ask = () => client.call(apis.FindCoordinator, 4, { keyType, coordinatorKeys: ['any'] });
    await settled(ask, (each) => each.coordinators[0]!.errorCode);
  }
  await settled(
    () => client.initProducerId(null),
    (each) => each.errorCode,
  );
}

/** Repeats a call until its error code is one that a client would report. */
export async function settled<T>(call: () => Promise<T>, codeOf: (answer: T) => number): Promise<T> {
  let answer: T | undefined;
  await eventually(
    'the request is answered for good',
    async () => {
      answer = await call();
      return !TRY_AGAIN.includes(codeOf(answer));
    },
    { timeoutMs: 30_000 },
  );
  return answer as T;
}
