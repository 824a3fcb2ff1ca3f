import type { StartedTestContainer } from 'testcontainers';
import { answersHttp } from '../container/ready.js';
import { addressOf, startContainer, type ContainerOptions } from '../container/start-container.js';

const PORT = 8080;
/** Where Apicurio serves the API that Confluent's registry has. */
const API_PATH = '/apis/ccompat/v7';

/** A running schema registry. What it keeps is in memory. */
export class SchemaRegistry implements AsyncDisposable {
  /** `http://host:port/…`: the base of `/subjects` and `/schemas`. */
  readonly url: string;
  readonly #container: StartedTestContainer;

  /** @internal */
  constructor(container: StartedTestContainer) {
    this.#container = container;
    this.url = `http://${addressOf(container, PORT)}${API_PATH}`;
  }

  async stop(): Promise<void> {
    await this.#container.stop({ timeout: 0, remove: true, removeVolumes: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Starts Apicurio Registry. */
export async function startRegistry(options: ContainerOptions = {}): Promise<SchemaRegistry> {
  const container = await startContainer('registry', options, (each) =>
    each.withExposedPorts(PORT).withWaitStrategy(answersHttp(`${API_PATH}/subjects`, PORT)),
  );
  return new SchemaRegistry(container);
}
