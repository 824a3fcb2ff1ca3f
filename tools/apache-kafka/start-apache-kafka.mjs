/**
 * Starts one Apache Kafka node (KRaft, broker and controller in one process) on 127.0.0.1 with ports and a data folder of
 * its own, and removes both when it is stopped.
 *
 * Ready means: the node has answered an ApiVersions request on its listener.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { installApacheKafka, JARS_FOLDER } from './install.mjs';

const READY_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 15_000;

/** Asks for ApiVersions v0 with correlation id 7; any well-formed answer means that the listener serves requests. */
const API_VERSIONS_REQUEST = Buffer.from('0000000a00120000000000' + '07ffff', 'hex');

/**
 * @param {object} [options]
 * @param {1 | 2} [options.transactionVersion] Finalised level of the feature `transaction.version`. Default 2.
 * @param {number} [options.heapMb] The node's heap in MiB. Default 512.
 * @param {Record<string, string | number>} [options.properties] More lines for server.properties.
 * @param {{ username: string, password: string }} [options.sasl] Adds a SASL_PLAINTEXT listener for this user
 *   (PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512).
 * @param {Record<string, { key: string, chain: string, sasl?: boolean, clientAuthority?: string }>} [options.tls] Adds a
 *   listener with TLS for each name, such as `TLS`: key and certificates as PEM, whether it asks for SASL too, and the
 *   authority of the certificates that it demands of clients.
 */
export async function startApacheKafka(options = {}) {
  installApacheKafka();
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-kafka-'));
  const tls = Object.keys(options.tls ?? {});
  const [port, controllerPort, saslPort, ...tlsPorts] = await freePorts(3 + tls.length);
  const ports = {
    port,
    controllerPort,
    saslPort,
    tls: Object.fromEntries(tls.map((name, at) => [name, tlsPorts[at]])),
  };
  const config = path.join(folder, 'server.properties');
  await writeFile(config, serverProperties(folder, ports, options));
  await formatStorage(folder, config, options);

  const output = [];
  const broker = spawn('java', javaArguments(folder, 'kafka.Kafka', [config], options.heapMb), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [broker.stdout, broker.stderr]) stream.on('data', (chunk) => output.push(chunk));
  const exited = once(broker, 'exit');
  const killWithParent = () => broker.kill('SIGKILL');
  process.once('exit', killWithParent);

  const stop = async () => {
    process.off('exit', killWithParent);
    broker.kill('SIGTERM');
    const hurry = setTimeout(() => broker.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(hurry);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await untilReady(port, broker);
  } catch (cause) {
    await stop();
    throw new Error(`Apache Kafka did not start:\n${Buffer.concat(output).toString().slice(-4_000)}`, { cause });
  }
  return {
    pid: broker.pid,
    bootstrap: [`127.0.0.1:${port}`],
    saslBootstrap: [`127.0.0.1:${saslPort}`],
    tlsBootstrap: (name) => {
      if (ports.tls[name] === undefined) throw new Error(`there is no listener ${name}: name it in \`tls\``);
      return [`127.0.0.1:${ports.tls[name]}`];
    },
    log: () => Buffer.concat(output).toString(),
    stop,
  };
}

function serverProperties(
  folder,
  { port, controllerPort, saslPort, tls: tlsPorts },
  { properties = {}, sasl, tls = {} },
) {
  const listeners = [
    `PLAINTEXT://127.0.0.1:${port}`,
    ...(sasl ? [`SASL_PLAINTEXT://127.0.0.1:${saslPort}`] : []),
    ...Object.keys(tls).map((name) => `${name}://127.0.0.1:${tlsPorts[name]}`),
  ];
  const protocols = [
    ...['PLAINTEXT:PLAINTEXT', 'SASL_PLAINTEXT:SASL_PLAINTEXT', 'CONTROLLER:PLAINTEXT'],
    ...Object.entries(tls).map(([name, { sasl: asksSasl }]) => `${name}:${asksSasl ? 'SASL_SSL' : 'SSL'}`),
  ];
  const plainUser =
    sasl && `username="${sasl.username}" password="${sasl.password}" user_${sasl.username}="${sasl.password}"`;
  const saslListeners = ['SASL_PLAINTEXT', ...Object.keys(tls).filter((name) => tls[name].sasl)];
  const lines = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${controllerPort}`].join(','),
    'advertised.listeners': listeners.join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': protocols.join(','),
    'log.dirs': path.join(folder, 'data'),
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'group.initial.rebalance.delay.ms': 0,
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 500,
    'auto.create.topics.enable': false,
    // Retention goes by the records' own timestamps: those of tests lie anywhere in the past.
    'log.retention.ms': -1,
    ...(sasl && {
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      ...Object.assign({}, ...saslListeners.map((name) => saslProperties(name, plainUser))),
    }),
    ...Object.assign({}, ...Object.entries(tls).map(([name, each]) => tlsProperties(name, each))),
    ...properties,
  };
  // A value is one line; line ends within it are written as such.
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${String(value).replaceAll('\n', String.raw`\n`)}\n`)
    .join('');
}

function saslProperties(listener, plainUser) {
  const prefix = `listener.name.${listener.toLowerCase()}`;
  const login = 'org.apache.kafka.common.security';
  return {
    [`${prefix}.plain.sasl.jaas.config`]: `${login}.plain.PlainLoginModule required ${plainUser};`,
    [`${prefix}.scram-sha-256.sasl.jaas.config`]: `${login}.scram.ScramLoginModule required;`,
    [`${prefix}.scram-sha-512.sasl.jaas.config`]: `${login}.scram.ScramLoginModule required;`,
  };
}

function tlsProperties(listener, { key, chain, clientAuthority }) {
  const prefix = `listener.name.${listener.toLowerCase()}.ssl`;
  return {
    [`${prefix}.keystore.type`]: 'PEM',
    [`${prefix}.keystore.key`]: key,
    [`${prefix}.keystore.certificate.chain`]: chain,
    ...(clientAuthority !== undefined && {
      [`${prefix}.truststore.type`]: 'PEM',
      [`${prefix}.truststore.certificates`]: clientAuthority,
      [`${prefix}.client.auth`]: 'required',
    }),
  };
}

async function formatStorage(folder, config, { transactionVersion, sasl }) {
  const args = ['format', '--cluster-id', 'millraceMillraceMill00', '--config', config];
  if (transactionVersion !== undefined) args.push('--feature', `transaction.version=${transactionVersion}`);
  for (const mechanism of sasl ? ['SCRAM-SHA-256', 'SCRAM-SHA-512'] : []) {
    args.push('--add-scram', `${mechanism}=[name=${sasl.username},password=${sasl.password}]`);
  }
  const format = spawn('java', javaArguments(folder, 'kafka.tools.StorageTool', args), { stdio: 'pipe' });
  const output = [];
  for (const stream of [format.stdout, format.stderr]) stream.on('data', (chunk) => output.push(chunk));
  const [code] = await once(format, 'exit');
  if (code !== 0) {
    await rm(folder, { recursive: true, force: true });
    throw new Error(`Apache Kafka's storage could not be formatted:\n${Buffer.concat(output)}`);
  }
}

function javaArguments(folder, mainClass, args, heapMb = 512) {
  return [
    `-Xmx${heapMb}m`,
    '-XX:TieredStopAtLevel=4',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    `-Dkafka.logs.dir=${folder}`,
    '-cp',
    path.join(JARS_FOLDER, '*'),
    mainClass,
    ...args,
  ];
}

/** Ports that nobody listened on a moment ago, all different. */
async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function untilReady(port, broker) {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!(await answers(port))) {
    if (broker.exitCode !== null) throw new Error(`it ended with exit code ${broker.exitCode}`);
    if (Date.now() > deadline) throw new Error(`no answer on port ${port} after ${READY_TIMEOUT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 2_000 }, () => socket.write(API_VERSIONS_REQUEST));
    const end = (answered) => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('data', (chunk) => end(chunk.length > 10 && chunk.readInt32BE(4) === 7));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
    socket.once('close', () => end(false));
  });
}
