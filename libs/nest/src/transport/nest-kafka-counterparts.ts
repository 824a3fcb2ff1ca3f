/** What becomes of each option of Nest's Kafka transport: a list for each section, complete by type, so that none is passed over. */
import type { NestKafkaOptions } from './millrace-server-options.js';

/** @returns what to do about the value of an option; `undefined` when there is nothing to do. */
type Judge = (value: unknown) => string | undefined;

/** A judge for every option that a section of Nest's types has. */
type Section<Options> = { readonly [Name in keyof NonNullable<Options>]-?: Judge };

type Client = NonNullable<NestKafkaOptions['client']>;

/** It has a counterpart, which `fromNestKafkaOptions` sets. */
const taken: Judge = () => undefined;
/** It is about the log of kafkajs, and nothing that is handled depends on it. */
const passedOver: Judge = () => undefined;
const without =
  (remedy: string): Judge =>
  () =>
    remedy;
/** One value of it is what is done anyway. */
const unless =
  (usual: unknown, remedy: string): Judge =>
  (value) =>
    value === usual ? undefined : remedy;

const LEFT_OUT = 'leave it out';
const RETRIES = `policy: { retry: { attempts, initial, max } } says how often a record is tried again; ${LEFT_OUT}`;
const IN_FLIGHT = `how many requests are under way is the client's own matter; ${LEFT_OUT}`;

const OPTIONS: Section<NestKafkaOptions> = {
  postfixId: taken,
  client: taken,
  consumer: taken,
  run: taken,
  subscribe: taken,
  producer: taken,
  send: taken,
  serializer: taken,
  deserializer: taken,
  parser: taken,
  producerOnlyMode: unless(false, `it is for ClientKafka, a server always reads; ${LEFT_OUT}`),
};

const CLIENT: Section<Client> = {
  brokers: (value) => {
    if (typeof value === 'function') return 'a function is not taken, name the brokers';
    return Array.isArray(value) ? undefined : "give a list of 'host:port'";
  },
  clientId: taken,
  ssl: taken,
  sasl: taken,
  connectionTimeout: taken,
  requestTimeout: taken,
  retry: taken,
  logLevel: passedOver,
  logCreator: passedOver,
  enforceRequestTimeout: unless(true, `every request has its time limit; ${LEFT_OUT}`),
  authenticationTimeout: without(`client.requestTimeout holds for each step of the authentication; ${LEFT_OUT}`),
  reauthenticationThreshold: without(`credentials are renewed before the broker's session ends; ${LEFT_OUT}`),
  socketFactory: without('give `cluster` with a `dialer` of your own in the second argument'),
};

const CLIENT_RETRY: Section<Client['retry']> = {
  initialRetryTime: taken,
  maxRetryTime: taken,
  multiplier: unless(2, `the wait always doubles; ${LEFT_OUT}`),
  factor: without(`the spread of the waits cannot be set; ${LEFT_OUT}`),
  retries: without(RETRIES),
  restartOnFailure: without(`a server that has failed stays so and tells it by status and on('failed'); ${LEFT_OUT}`),
};

/** Of the mechanisms with a name and a password; the others are refused as a whole. */
const SASL = { mechanism: taken, username: taken, password: taken } satisfies Readonly<Record<string, Judge>>;

const CONSUMER: Section<NestKafkaOptions['consumer']> = {
  groupId: taken,
  metadataMaxAge: taken,
  sessionTimeout: taken,
  heartbeatInterval: taken,
  maxBytesPerPartition: taken,
  minBytes: taken,
  maxBytes: taken,
  maxWaitTimeInMs: taken,
  readUncommitted: taken,
  rackId: taken,
  partitionAssigners: without(`partitions are always assigned cooperatively; ${LEFT_OUT}`),
  rebalanceTimeout: without(
    `drainTimeout says how long handlers may take to end when a partition is given up; ${LEFT_OUT}`,
  ),
  retry: without(RETRIES),
  allowAutoTopicCreation: unless(
    false,
    'topics are not made by being asked for: missingTopics: { partitions } makes those of the handlers',
  ),
  maxInFlightRequests: without(IN_FLIGHT),
};

const RUN: Section<NestKafkaOptions['run']> = {
  autoCommit: unless(true, "false becomes delivery: { ack: 'manual' }, and context.ack() in the handlers"),
  autoCommitInterval: taken,
  autoCommitThreshold: without(`offsets are committed by time alone: commitInterval; ${LEFT_OUT}`),
  eachBatchAutoResolve: without(`batches are for handlers with @BatchEventPattern; ${LEFT_OUT}`),
  partitionsConsumedConcurrently: without(
    `all partitions are always handled at the same time; delivery: { order: 'key', concurrency } does more within one; ${LEFT_OUT}`,
  ),
};

const SUBSCRIBE: Section<NestKafkaOptions['subscribe']> = { fromBeginning: taken };

const PRODUCER: Section<NestKafkaOptions['producer']> = {
  createPartitioner: without(
    `a reply goes to the partition that its request asks for, else by its key as with Kafka's own clients; ${LEFT_OUT}`,
  ),
  retry: without(`a reply is tried again for as long as it may take to be delivered; ${LEFT_OUT}`),
  metadataMaxAge: without(`consumer.metadataMaxAge holds for the whole server; ${LEFT_OUT}`),
  allowAutoTopicCreation: unless(false, 'topics of replies are not made: create them before'),
  idempotent: unless(true, `the producer is always idempotent; ${LEFT_OUT}`),
  transactionalId: without('this transport has no transactions: write a topology for exactly-once'),
  transactionTimeout: without(`this transport has no transactions; ${LEFT_OUT}`),
  maxInFlightRequests: without(IN_FLIGHT),
};

const SEND: Section<NestKafkaOptions['send']> = {
  compression: taken,
  acks: unless(-1, `replies always wait for all replicas in sync; ${LEFT_OUT}`),
  timeout: without(`client.requestTimeout holds for replies too; ${LEFT_OUT}`),
};

const PARSER: Section<NestKafkaOptions['parser']> = { keepBinary: taken };

/** Names every option that is given, has no counterpart, and changes something; and every one that Nest does not know. */
export function withoutCounterpart(nest: NestKafkaOptions): string[] {
  const { client, consumer, run, subscribe, producer, send, parser } = nest;
  return [
    ...judged('', nest, OPTIONS),
    ...judged('client.', client, CLIENT),
    ...judged('client.retry.', client?.retry, CLIENT_RETRY),
    ...judged('consumer.', consumer, CONSUMER),
    ...judged('run.', run, RUN),
    ...judged('subscribe.', subscribe, SUBSCRIBE),
    ...judged('producer.', producer, PRODUCER),
    ...judged('send.', send, SEND),
    ...judged('parser.', parser, PARSER),
  ];
}

/** The same for credentials with a name and a password. */
export function unknownCredentials(sasl: object): string[] {
  return judged('client.sasl.', sasl, SASL);
}

function judged(prefix: string, given: object | undefined, section: Readonly<Record<string, Judge>>): string[] {
  return Object.entries(given ?? {}).flatMap(([name, value]) => {
    if (value === undefined || value === null) return [];
    const remedy = Object.hasOwn(section, name) ? section[name]?.(value) : `is not known; ${LEFT_OUT}`;
    return remedy === undefined ? [] : [`${prefix}${name}: ${remedy}`];
  });
}
