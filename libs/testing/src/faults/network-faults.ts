import type { StartedTestContainer } from 'testcontainers';
import { addressOf, hostOf, startContainer, type ContainerOptions } from '../container/start-container.js';
import { answersHttp } from '../container/ready.js';
import { NetworkProxy } from './network-proxy.js';

export { NetworkProxy, type FaultDirection } from './network-proxy.js';

const API_PORT = 8474;
/** Ports of the container that proxies may take, one each. */
const PROXY_PORTS = Array.from({ length: 16 }, (_, index) => 8_666 + index);

/** Stands between the test and services, and breaks their connections where it is told to (Toxiproxy). */
export class NetworkFaults implements AsyncDisposable {
  readonly #container: StartedTestContainer;
  readonly #api: string;
  #used = 0;

  /** @internal */
  constructor(container: StartedTestContainer) {
    this.#container = container;
    this.#api = `http://${addressOf(container, API_PORT)}`;
  }

  /**
   * Opens a way to `upstream` (`alias:port` in the network) that can fail.
   *
   * @throws {Error} when all its ports are taken or Toxiproxy refuses.
   */
  async proxy(name: string, upstream: string): Promise<NetworkProxy> {
    const port = PROXY_PORTS[this.#used];
    if (port === undefined)
      throw new Error(`no port is left for ${name}: one fixture has ${PROXY_PORTS.length} proxies`);
    this.#used++;
    const address = `${hostOf(this.#container)}:${this.#container.getMappedPort(port)}`;
    return NetworkProxy.open(this.#api, { name, upstream, listen: `0.0.0.0:${port}`, address });
  }

  async stop(): Promise<void> {
    await this.#container.stop({ timeout: 0, remove: true, removeVolumes: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Starts Toxiproxy. Give it the network of the services that its proxies lead to. */
export async function startNetworkFaults(options: ContainerOptions = {}): Promise<NetworkFaults> {
  const container = await startContainer('toxiproxy', options, (each) =>
    each.withExposedPorts(API_PORT, ...PROXY_PORTS).withWaitStrategy(answersHttp('/version', API_PORT)),
  );
  return new NetworkFaults(container);
}
