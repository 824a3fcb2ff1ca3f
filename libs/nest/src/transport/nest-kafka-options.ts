import { TcpDialer, type SaslOptions } from '@millrace/client';
import { ConfigurationError } from '@millrace/kernel';
import { COMPRESSIONS, type Compression } from '@millrace/protocol';
import type { MillraceServerOptions, NestKafkaOptions } from './millrace-server-options.js';
import { unknownCredentials, withoutCounterpart } from './nest-kafka-counterparts.js';

const MECHANISMS: Readonly<Record<string, SaslOptions['mechanism']>> = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
};

/**
 * The options that mean the same as those of Nest's own Kafka transport: brokers, TLS, credentials, the group with its postfix,
 * the rack, times and sizes, where to begin, the compression of replies, parser and serializers. `client.logLevel` and
 * `client.logCreator` are passed over: they are about the log of kafkajs, and a server logs by Nest's `Logger`.
 *
 * @throws {ConfigurationError} (stop-app) naming every other option with what to do about it, also one that is not known, so
 *   that nothing is lost unseen. An option with the value that always holds here (`acks: -1`) is none.
 */
export function fromNestKafkaOptions(nest: NestKafkaOptions): MillraceServerOptions {
  const problems = withoutCounterpart(nest);
  const { client, consumer, subscribe, run, send, parser, serializer, deserializer } = nest;
  const ssl = client?.ssl ?? false;
  const sasl = client?.sasl ?? undefined;
  const postfixId = nest.postfixId ?? '-server';
  // As Nest does it, an empty text is none: the group, with its offsets, has to stay the same.
  const brokers = client?.brokers || ['localhost:9092'];
  const clientId = client?.clientId || 'nestjs-consumer';
  const groupId = consumer?.groupId || 'nestjs-group';
  const credentials = sasl === undefined ? undefined : saslOf(sasl, problems);
  const codec = send?.compression ?? undefined;
  const compression = codec === undefined ? undefined : compressionOf(codec, problems);
  if (problems.length > 0) throw new ConfigurationError("the options of Nest's Kafka transport", problems);
  return {
    groupId: `${groupId}${postfixId}`,
    cluster: {
      bootstrap: brokers as string[],
      clientId: `${clientId}${postfixId}`,
      ...whereGiven({
        dialer: ssl === false ? undefined : new TcpDialer({ tls: ssl }),
        sasl: credentials,
        rack: consumer?.rackId,
        connectTimeoutMs: client?.connectionTimeout,
        requestTimeoutMs: client?.requestTimeout,
        retryBackoffMs: client?.retry?.initialRetryTime,
        retryBackoffMaxMs: client?.retry?.maxRetryTime,
        metadataMaxAgeMs: consumer?.metadataMaxAge,
      }),
    },
    // kafkajs begins at the end unless it is told otherwise.
    startAt: subscribe?.fromBeginning === true ? 'earliest' : 'latest',
    fetch: {
      isolation: consumer?.readUncommitted === true ? 'read_uncommitted' : 'read_committed',
      ...whereGiven({
        maxWaitMs: consumer?.maxWaitTimeInMs,
        minBytes: consumer?.minBytes,
        maxBytes: consumer?.maxBytes,
        partitionMaxBytes: consumer?.maxBytesPerPartition,
      }),
    },
    ...whereGiven({
      sessionTimeout: consumer?.sessionTimeout,
      heartbeatInterval: consumer?.heartbeatInterval,
      commitInterval: run?.autoCommitInterval,
      compression,
      parser,
      serializer,
      deserializer,
    }),
  };
}

function saslOf(sasl: object, problems: string[]): SaslOptions | undefined {
  const { mechanism, username, password } = sasl as { mechanism?: unknown; username?: unknown; password?: unknown };
  const known = MECHANISMS[String(mechanism).toLowerCase()];
  if (known === undefined) {
    problems.push(`client.sasl.mechanism: '${String(mechanism)}' is not one of ${Object.keys(MECHANISMS).join(', ')}`);
    return undefined;
  }
  problems.push(...unknownCredentials(sasl));
  for (const [name, value] of Object.entries({ username, password }))
    if (typeof value !== 'string' || value === '')
      problems.push(`client.sasl.${name}: must be a text that is not empty`);
  return { mechanism: known, username: String(username), password: String(password) };
}

/** kafkajs has the same numbers as the log. */
function compressionOf(number: number, problems: string[]): Compression | undefined {
  const compression = COMPRESSIONS[number];
  const known = COMPRESSIONS.map((name, nth) => `${nth} (${name})`);
  if (compression === undefined) problems.push(`send.compression: ${number} is not one of ${known.join(', ')}`);
  return compression;
}

type Given<T> = { readonly [Name in keyof T]?: NonNullable<T[Name]> };

/** Without what is undefined; or null, which kafkajs takes for no value too. */
function whereGiven<T extends object>(options: T): Given<T> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined && value !== null),
  ) as Given<T>;
}
