import { StartedNetwork } from 'testcontainers';
import { containerEngine } from './engine.js';
import { OWNER_LABEL, thisOwner } from './owner.js';

let count = 0;

/** A network in which containers find each other by name. */
export class ContainerNetwork implements AsyncDisposable {
  readonly started: StartedNetwork;

  private constructor(started: StartedNetwork) {
    this.started = started;
  }

  /** @throws {ConfigurationError} (stop-app) when no engine answers. */
  static async create(): Promise<ContainerNetwork> {
    const client = await containerEngine();
    const name = `millrace-${process.pid}-${++count}`;
    const network = await client.network.create({ Name: name, Labels: { [OWNER_LABEL]: thisOwner() } });
    return new ContainerNetwork(new StartedNetwork(client, name, network));
  }

  /** Removes it; the containers in it must be gone. */
  async stop(): Promise<void> {
    await this.started.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
