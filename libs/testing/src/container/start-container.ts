import { GenericContainer, type StartedTestContainer } from 'testcontainers';
import { containerEngine, requireImage } from './engine.js';
import { imageOf, type Service } from './images.js';
import type { ContainerNetwork } from './network.js';
import { OWNER_LABEL, thisOwner } from './owner.js';

/** What every fixture can be told. */
export interface ContainerOptions {
  /** Default: what `MILLRACE_IMAGE_<SERVICE>` names, else the official image. */
  readonly image?: string;
  /** The network in which others reach it by its alias. Default: none of its own; only its mapped ports lead to it. */
  readonly network?: ContainerNetwork;
  /** Its name in the network. Default: the service's. */
  readonly alias?: string;
}

const STARTUP_TIMEOUT_MS = 240_000;
const LOG_LINES = 60;

/**
 * Starts the container of a service, labelled with this process as its owner.
 *
 * @throws {ConfigurationError} (stop-app) when there is no engine or no image; {@link Error} with the end of the container's log when
 *   it did not become ready.
 */
export async function startContainer(
  service: Service,
  options: ContainerOptions,
  configure: (container: GenericContainer) => GenericContainer,
): Promise<StartedTestContainer> {
  const client = await containerEngine();
  const image = imageOf(service, options.image);
  await requireImage(client, service, image);
  const lines: string[] = [];
  let container = new GenericContainer(image)
    .withLabels({ [OWNER_LABEL]: thisOwner() })
    .withStartupTimeout(STARTUP_TIMEOUT_MS)
    .withLogConsumer((log) => {
      log.on('data', (chunk: Buffer | string) => {
        lines.push(chunk.toString().trimEnd());
        if (lines.length > LOG_LINES) lines.shift();
      });
    });
  if (options.network !== undefined) {
    container = container.withNetwork(options.network.started).withNetworkAliases(options.alias ?? service);
  }
  try {
    return await configure(container).start();
  } catch (cause) {
    throw new Error(`${service} (${image}) did not start; the end of its log:\n${lines.join('\n')}`, { cause });
  }
}

/** `host:port` of a port of the container, as this process reaches it. */
export function addressOf(container: StartedTestContainer, port: number): string {
  return `${hostOf(container)}:${container.getMappedPort(port)}`;
}

/** Ports are published for IPv4; `localhost` may mean ::1 first. */
export function hostOf(container: StartedTestContainer): string {
  const host = container.getHost();
  return host === 'localhost' ? '127.0.0.1' : host;
}

/**
 * Runs a command in the container and answers its output.
 *
 * @throws {Error} with the output when it did not exit with 0.
 */
export async function runIn(container: StartedTestContainer, command: readonly string[]): Promise<string> {
  const { exitCode, output } = await container.exec([...command]);
  if (exitCode !== 0) throw new Error(`${command[0]} ended with exit code ${exitCode}: ${output.trim()}`);
  return output;
}
