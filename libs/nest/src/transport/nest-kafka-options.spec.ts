import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { isMillraceError, type ConfigurationError } from '@millrace/kernel';
import { CertificateAuthority } from '@millrace/testing/tls';
import { MillraceServer } from './millrace-server.js';
import type { NestKafkaOptions } from './millrace-server-options.js';
import { fromNestKafkaOptions } from './nest-kafka-options.js';

const BROKERS = ['kafka-1:9092', 'kafka-2:9092'];

/** Options as they come from JavaScript, or from a later version of kafkajs. */
const untyped = (options: object): NestKafkaOptions => options;

function problemsOf(options: NestKafkaOptions): readonly string[] {
  try {
    MillraceServer.fromKafkaOptions(options);
  } catch (error) {
    if (isMillraceError(error) && error.code === 'MR_CONFIG_INVALID') return (error as ConfigurationError).problems;
    throw error;
  }
  return [];
}

/** What is named of options, without what is said about it. */
const namesOf = (options: NestKafkaOptions): string[] =>
  problemsOf(options).map((problem) => problem.slice(0, problem.indexOf(':')));

describe("the options of Nest's Kafka transport", () => {
  it('have the defaults of Nest where a text is empty or null, so that the group stays the same', () => {
    const usual = fromNestKafkaOptions({});
    const empty = untyped({ client: { clientId: '', brokers: null }, consumer: { groupId: '' } });
    expect(fromNestKafkaOptions(empty)).toEqual(usual);
    expect(fromNestKafkaOptions(untyped({ client: null, consumer: { groupId: null } }))).toEqual(usual);
    expect(
      fromNestKafkaOptions(
        untyped({ client: { ssl: null, sasl: null }, send: { compression: null }, postfixId: null }),
      ),
    ).toEqual(usual);
    expect(fromNestKafkaOptions({ postfixId: '' })).toMatchObject({ groupId: 'nestjs-group' });
  });

  it('become those that mean the same', () => {
    const serializer = { serialize: (value: unknown) => value };
    const deserializer = { deserialize: (value: unknown) => value };
    expect(
      fromNestKafkaOptions({
        postfixId: '-worker',
        client: {
          brokers: BROKERS,
          clientId: 'shop',
          connectionTimeout: 1_001,
          requestTimeout: 1_002,
          retry: { initialRetryTime: 103, maxRetryTime: 1_004 },
        },
        consumer: {
          groupId: 'orders',
          rackId: 'zone-a',
          metadataMaxAge: 60_005,
          sessionTimeout: 20_006,
          heartbeatInterval: 2_007,
          maxWaitTimeInMs: 108,
          minBytes: 9,
          maxBytes: 1_010,
          maxBytesPerPartition: 511,
          readUncommitted: true,
        },
        run: { autoCommitInterval: 512 },
        subscribe: { fromBeginning: true },
        send: { compression: 4 },
        parser: { keepBinary: true },
        serializer,
        deserializer,
      }),
    ).toEqual({
      groupId: 'orders-worker',
      cluster: {
        bootstrap: BROKERS,
        clientId: 'shop-worker',
        rack: 'zone-a',
        connectTimeoutMs: 1_001,
        requestTimeoutMs: 1_002,
        retryBackoffMs: 103,
        retryBackoffMaxMs: 1_004,
        metadataMaxAgeMs: 60_005,
      },
      startAt: 'earliest',
      sessionTimeout: 20_006,
      heartbeatInterval: 2_007,
      fetch: {
        isolation: 'read_uncommitted',
        maxWaitMs: 108,
        minBytes: 9,
        maxBytes: 1_010,
        partitionMaxBytes: 511,
      },
      commitInterval: 512,
      compression: 'zstd',
      parser: { keepBinary: true },
      serializer,
      deserializer,
    });
  });

  it('have the defaults of Nest and kafkajs where those decide what is read', () => {
    expect(fromNestKafkaOptions({})).toEqual({
      groupId: 'nestjs-group-server',
      cluster: { bootstrap: ['localhost:9092'], clientId: 'nestjs-consumer-server' },
      startAt: 'latest',
      fetch: { isolation: 'read_committed' },
    });
  });

  it.each([
    [0, 'none'],
    [1, 'gzip'],
    [2, 'snappy'],
    [3, 'lz4'],
    [4, 'zstd'],
  ])('have a compression of replies: %i is %s', (compression, name) => {
    expect(fromNestKafkaOptions({ send: { compression } })).toMatchObject({ compression: name });
  });

  it('are named where they have no counterpart, all at once', () => {
    const never = (): never => {
      throw new Error('is not called');
    };
    expect(
      namesOf({
        client: {
          brokers: never,
          socketFactory: never,
          authenticationTimeout: 1_000,
          reauthenticationThreshold: 1_000,
          enforceRequestTimeout: false,
          retry: { retries: 8, factor: 0.5, multiplier: 3, restartOnFailure: never },
        },
        consumer: {
          groupId: 'orders',
          partitionAssigners: [],
          rebalanceTimeout: 60_000,
          retry: { retries: 3 },
          allowAutoTopicCreation: true,
          maxInFlightRequests: 1,
        },
        run: {
          autoCommit: false,
          autoCommitThreshold: 100,
          eachBatchAutoResolve: false,
          partitionsConsumedConcurrently: 3,
        },
        producer: {
          createPartitioner: never,
          retry: { retries: 3 },
          metadataMaxAge: 1_000,
          allowAutoTopicCreation: true,
          idempotent: false,
          transactionalId: 'orders',
          transactionTimeout: 1_000,
          maxInFlightRequests: 1,
        },
        send: { acks: 1, timeout: 1_000 },
        producerOnlyMode: true,
      }).toSorted(),
    ).toEqual(
      [
        'client.brokers',
        'client.socketFactory',
        'client.authenticationTimeout',
        'client.reauthenticationThreshold',
        'client.enforceRequestTimeout',
        'client.retry.retries',
        'client.retry.factor',
        'client.retry.multiplier',
        'client.retry.restartOnFailure',
        'consumer.partitionAssigners',
        'consumer.rebalanceTimeout',
        'consumer.retry',
        'consumer.allowAutoTopicCreation',
        'consumer.maxInFlightRequests',
        'run.autoCommit',
        'run.autoCommitThreshold',
        'run.eachBatchAutoResolve',
        'run.partitionsConsumedConcurrently',
        'producer.createPartitioner',
        'producer.retry',
        'producer.metadataMaxAge',
        'producer.allowAutoTopicCreation',
        'producer.idempotent',
        'producer.transactionalId',
        'producer.transactionTimeout',
        'producer.maxInFlightRequests',
        'send.acks',
        'send.timeout',
        'producerOnlyMode',
      ].toSorted(),
    );
  });

  it('are named with what to do instead', () => {
    expect(
      problemsOf({
        client: { brokers: BROKERS, retry: { retries: 8 } },
        consumer: { groupId: 'orders', rebalanceTimeout: 60_000, allowAutoTopicCreation: true },
        run: { autoCommit: false, partitionsConsumedConcurrently: 3 },
      }),
    ).toEqual([
      expect.stringContaining('policy: { retry: { attempts, initial, max } }'),
      expect.stringContaining('drainTimeout'),
      expect.stringContaining('missingTopics: { partitions }'),
      expect.stringContaining("ack: 'manual'"),
      expect.stringContaining("order: 'key', concurrency"),
    ]);
  });

  it('are named where nobody knows them, in every section', () => {
    expect(
      namesOf(
        untyped({
          groupId: 'orders',
          client: { brokers: BROKERS, broker: 1, retry: { retry: 1 } },
          consumer: { group: 'orders' },
          run: { eachMessage: () => undefined },
          subscribe: { topics: ['orders'] },
          producer: { lingerMs: 5 },
          send: { topic: 'orders' },
          parser: { keepText: true },
        }),
      ),
    ).toEqual([
      'groupId',
      'client.broker',
      'client.retry.retry',
      'consumer.group',
      'run.eachMessage',
      'subscribe.topics',
      'producer.lingerMs',
      'send.topic',
      'parser.keepText',
    ]);
  });

  it('are no trouble where they ask for what is always so, for nothing, or for the log of kafkajs', () => {
    expect(
      problemsOf({
        client: {
          brokers: BROKERS,
          ssl: false,
          enforceRequestTimeout: true,
          retry: { multiplier: 2 },
          logLevel: 0,
          logCreator: () => () => undefined,
        },
        consumer: { groupId: 'orders', allowAutoTopicCreation: false },
        run: { autoCommit: true, autoCommitInterval: null, autoCommitThreshold: null },
        producer: { idempotent: true, allowAutoTopicCreation: false },
        send: { acks: -1 },
        producerOnlyMode: false,
      }),
    ).toEqual([]);
  });

  it('are refused where their value means nothing here', () => {
    expect(problemsOf(untyped({ client: { brokers: 'kafka-1:9092' }, send: { compression: 9 } }))).toEqual([
      "client.brokers: give a list of 'host:port'",
      'send.compression: 9 is not one of 0 (none), 1 (gzip), 2 (snappy), 3 (lz4), 4 (zstd)',
    ]);
  });
});

describe("the credentials of Nest's Kafka transport", () => {
  const withSasl = (sasl: object): NestKafkaOptions => untyped({ client: { brokers: BROKERS, sasl } });

  it.each([
    ['plain', 'PLAIN'],
    ['scram-sha-256', 'SCRAM-SHA-256'],
    ['scram-sha-512', 'SCRAM-SHA-512'],
    ['SCRAM-SHA-512', 'SCRAM-SHA-512'],
  ])('of %s are those of %s', (mechanism, name) => {
    const { cluster } = fromNestKafkaOptions(withSasl({ mechanism, username: 'shop', password: 'open sesame' }));
    expect(cluster.sasl).toEqual({ mechanism: name, username: 'shop', password: 'open sesame' });
  });

  it('are refused where the mechanism is another one, and nothing of them is told', () => {
    const [problem, ...more] = problemsOf(withSasl({ mechanism: 'aws', accessKeyId: 'A', secretAccessKey: 'secret' }));
    expect(problem).toBe("client.sasl.mechanism: 'aws' is not one of plain, scram-sha-256, scram-sha-512");
    expect(more).toEqual([]);
  });

  it('are refused where name or password is missing, or more is there than is known', () => {
    const problems = problemsOf(withSasl({ mechanism: 'plain', password: '', authorizationIdentity: 'root' }));
    expect(problems).toEqual([
      expect.stringMatching(/^client\.sasl\.authorizationIdentity: is not known/),
      'client.sasl.username: must be a text that is not empty',
      'client.sasl.password: must be a text that is not empty',
    ]);
  });
});

describe("the TLS settings of Nest's Kafka transport", () => {
  const servers: Server[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function brokerOf(authority: CertificateAuthority): Promise<number> {
    const { key, chain } = await authority.issue({ commonName: 'kafka', addresses: ['127.0.0.1'] });
    const server = createServer({ key, cert: chain }, (socket) => socket.on('error', () => socket.destroy()));
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  it('are those of the connections', async () => {
    const authority = await CertificateAuthority.create();
    const port = await brokerOf(authority);
    const dialerOf = (ssl: NonNullable<NonNullable<NestKafkaOptions['client']>['ssl']>) =>
      fromNestKafkaOptions({ client: { brokers: BROKERS, ssl } }).cluster.dialer;

    const stream = await dialerOf({ ca: authority.certificate })?.dial('127.0.0.1', port, { timeoutMs: 5_000 });
    expect(stream).toBeDefined();
    stream?.destroy();
    // `true` trusts whom the machine trusts, and that is not this authority.
    await expect(dialerOf(true)?.dial('127.0.0.1', port, { timeoutMs: 5_000 })).rejects.toMatchObject({
      code: 'MR_TLS_REFUSED',
    });
    expect(dialerOf(false)).toBeUndefined();
  });
});
