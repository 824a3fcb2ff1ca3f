import type { IssuedCertificate } from '../tls/certificate-authority.js';
import { KAFKA_PORTS, KAFKA_PROTOCOLS, type KafkaListener } from './kafka-listeners.js';

/** A user that may log in by PLAIN and SCRAM. */
export interface KafkaUser {
  readonly username: string;
  readonly password: string;
}

/** What the properties of one node follow from. */
export interface KafkaNodeLayout {
  /** From 1. */
  readonly nodeId: number;
  readonly nodes: number;
  readonly rack: string;
  /** `host:port` of each listener as the test reaches it. */
  readonly advertised: Partial<Readonly<Record<KafkaListener, string>>>;
  readonly users: readonly KafkaUser[];
  readonly tls?: { readonly certificate: IssuedCertificate; readonly authority: string };
  /** Added last, so that they win. */
  readonly properties: Readonly<Record<string, string | number | boolean>>;
}

/** Where the fixture's files lie in the container. */
export const CONFIG_FOLDER = '/tmp/millrace-config';
export const DATA_FOLDER = '/var/lib/kafka/data/millrace';
/** Where a node has its logs on a disk of limited size, and where that is mounted: at a path that no image has. */
export const LOG_DISK = '/mnt/millrace-log-disk';
export const LIMITED_DATA_FOLDER = `${LOG_DISK}/millrace`;

/** The name of a node in its network. */
export const nodeAlias = (nodeId: number): string => `kafka-${nodeId}`;

/** `server.properties` of a node that is broker and controller. */
export function serverProperties(layout: KafkaNodeLayout): string {
  const { nodeId, nodes, rack, advertised, users, tls } = layout;
  const ids = Array.from({ length: nodes }, (_, index) => index + 1);
  const outside = Object.keys(advertised) as KafkaListener[];
  const names = ['INTERNAL', 'CONTROLLER', ...outside] as const;
  const copies = Math.min(nodes, 3);
  const lines: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': nodeId,
    'broker.rack': rack,
    'controller.quorum.voters': ids.map((id) => `${id}@${nodeAlias(id)}:${KAFKA_PORTS.CONTROLLER}`).join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'INTERNAL',
    listeners: names.map((name) => `${name}://0.0.0.0:${KAFKA_PORTS[name]}`).join(','),
    'advertised.listeners': [
      `INTERNAL://${nodeAlias(nodeId)}:${KAFKA_PORTS.INTERNAL}`,
      ...outside.map((name) => `${name}://${advertised[name]}`),
    ].join(','),
    'listener.security.protocol.map': names.map((name) => `${name}:${KAFKA_PROTOCOLS[name]}`).join(','),
    'log.dirs': DATA_FOLDER,
    'default.replication.factor': copies,
    'min.insync.replicas': Math.max(1, copies - 1),
    'offsets.topic.replication.factor': copies,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': Math.max(1, copies - 1),
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': copies,
    'share.coordinator.state.topic.min.isr': Math.max(1, copies - 1),
    'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector',
    'group.initial.rebalance.delay.ms': 0,
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 500,
    'auto.create.topics.enable': false,
    // Retention goes by the records' own timestamps: those of tests lie anywhere in the past.
    'log.retention.ms': -1,
    ...(users.length > 0 ? saslProperties(users, outside) : {}),
    ...(tls === undefined ? {} : tlsProperties(tls.certificate, tls.authority)),
    ...layout.properties,
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${escaped(value)}\n`)
    .join('');
}

function saslProperties(users: readonly KafkaUser[], listeners: readonly KafkaListener[]): Record<string, string> {
  const [first] = users;
  const modules = 'org.apache.kafka.common.security';
  const accounts = users.map(({ username, password }) => `user_${username}=${jaasText(password)}`).join(' ');
  const login = `username=${jaasText(first?.username ?? '')} password=${jaasText(first?.password ?? '')}`;
  const plain = `${modules}.plain.PlainLoginModule required ${login} ${accounts};`;
  const properties: Record<string, string> = { 'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512' };
  for (const listener of listeners.filter((name) => name.startsWith('SASL_'))) {
    const prefix = `listener.name.${listener.toLowerCase()}`;
    properties[`${prefix}.plain.sasl.jaas.config`] = plain;
    for (const mechanism of ['scram-sha-256', 'scram-sha-512']) {
      properties[`${prefix}.${mechanism}.sasl.jaas.config`] = `${modules}.scram.ScramLoginModule required;`;
    }
  }
  return properties;
}

/** A client without a certificate is let in; one that shows a certificate must show one of the authority. */
function tlsProperties(certificate: IssuedCertificate, authority: string): Record<string, string> {
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.key': certificate.key,
    'ssl.keystore.certificate.chain': certificate.chain,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.certificates': authority,
    'ssl.client.auth': 'requested',
  };
}

/** A text as JAAS reads it: in quotes, with `\\` before quotes and backslashes. */
function jaasText(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** The format of Java's properties: a value is one line. */
function escaped(value: string | number | boolean): string {
  return String(value).replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
