import { TcpDialer, type SaslOptions } from '@millrace/client';
import { ConfigurationError } from '@millrace/kernel';
import type { MillraceServerOptions, NestKafkaOptions } from './millrace-server-options.js';

const MECHANISMS: Readonly<Record<string, SaslOptions['mechanism']>> = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
};
/** Settings of kafkajs that mean nothing here, or that are always so. */
const POINTLESS_CLIENT = ['logLevel', 'logCreator', 'retry', 'enforceRequestTimeout', 'authenticationTimeout'];

/**
 * The options that mean the same as those of Nest's own Kafka transport: brokers, credentials, the group with its postfix,
 * times, where to begin, parser and serializers.
 *
 * @throws {ConfigurationError} (stop-app) naming every option that has no counterpart, so that nothing is lost unseen.
 */
export function fromNestKafkaOptions(nest: NestKafkaOptions): MillraceServerOptions {
  const problems: string[] = [];
  const { client, consumer, postfixId = '-server', subscribe, run, parser, serializer, deserializer } = nest;
  const { brokers, clientId = 'nestjs-consumer', ssl, sasl, connectionTimeout, requestTimeout } = client ?? {};
  if (typeof brokers === 'function') problems.push('client.brokers: a function is not taken, name the brokers');
  if (run?.autoCommit === false)
    problems.push("run.autoCommit: false becomes delivery: { ack: 'manual' }, and context.ack() in the handlers");
  if (consumer?.partitionAssigners !== undefined)
    problems.push('consumer.partitionAssigners: partitions are always assigned cooperatively');
  for (const name of ['socketFactory', 'reauthenticationThreshold'] as const)
    if (client?.[name] !== undefined) problems.push(`client.${name}: has no counterpart`);
  const known = new Set([
    ...POINTLESS_CLIENT,
    'brokers',
    'clientId',
    'ssl',
    'sasl',
    'connectionTimeout',
    'requestTimeout',
  ]);
  for (const name of Object.keys(client ?? {}))
    if (!known.has(name) && !['socketFactory', 'reauthenticationThreshold'].includes(name))
      problems.push(`client.${name}: is not known`);
  const credentials = sasl === undefined ? undefined : saslOf(sasl, problems);
  const bootstrap = Array.isArray(brokers) ? brokers : ['localhost:9092'];
  if (problems.length > 0) throw new ConfigurationError("the options of Nest's Kafka transport", problems);
  return {
    groupId: `${consumer?.groupId ?? 'nestjs-group'}${postfixId}`,
    cluster: {
      bootstrap,
      clientId: `${clientId}${postfixId}`,
      ...(ssl !== undefined && ssl !== false && { dialer: new TcpDialer({ tls: ssl }) }),
      ...(credentials !== undefined && { sasl: credentials }),
      ...(connectionTimeout !== undefined && { connectTimeoutMs: connectionTimeout }),
      ...(requestTimeout !== undefined && { requestTimeoutMs: requestTimeout }),
      ...(consumer?.metadataMaxAge !== undefined && { metadataMaxAgeMs: consumer.metadataMaxAge }),
    },
    // kafkajs begins at the end unless it is told otherwise.
    startAt: subscribe?.fromBeginning === true ? 'earliest' : 'latest',
    ...(consumer?.sessionTimeout !== undefined && { sessionTimeout: consumer.sessionTimeout }),
    ...(consumer?.heartbeatInterval !== undefined && { heartbeatInterval: consumer.heartbeatInterval }),
    fetch: {
      isolation: consumer?.readUncommitted === true ? 'read_uncommitted' : 'read_committed',
      ...(consumer?.maxWaitTimeInMs !== undefined && { maxWaitMs: consumer.maxWaitTimeInMs }),
      ...(consumer?.minBytes !== undefined && { minBytes: consumer.minBytes }),
      ...(consumer?.maxBytes !== undefined && { maxBytes: consumer.maxBytes }),
      ...(consumer?.maxBytesPerPartition !== undefined && { partitionMaxBytes: consumer.maxBytesPerPartition }),
    },
    ...(parser !== undefined && { parser }),
    ...(serializer !== undefined && { serializer }),
    ...(deserializer !== undefined && { deserializer }),
  };
}

function saslOf(sasl: object, problems: string[]): SaslOptions | undefined {
  const { mechanism, username, password } = sasl as { mechanism?: unknown; username?: unknown; password?: unknown };
  const known = MECHANISMS[String(mechanism).toLowerCase()];
  if (known === undefined) {
    problems.push(`client.sasl.mechanism: '${String(mechanism)}' is not one of ${Object.keys(MECHANISMS).join(', ')}`);
    return undefined;
  }
  return { mechanism: known, username: String(username), password: String(password) };
}
