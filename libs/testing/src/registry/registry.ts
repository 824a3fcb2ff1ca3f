import type { StartedTestContainer } from 'testcontainers';
import { answersHttp } from '../container/ready.js';
import { ServiceContainer } from '../container/service-container.js';
import { startContainer, type ContainerOptions } from '../container/start-container.js';

const PORT = 8080;
/** Where Apicurio serves the API that Confluent's registry has. */
const API_PATH = '/apis/ccompat/v7';

/** A running schema registry. What it keeps is in memory: a killed one comes back empty. */
export class SchemaRegistry extends ServiceContainer {
  /** @internal */
  constructor(container: StartedTestContainer) {
    super(container, PORT);
  }

  /** `http://host:port/…`: the base of `/subjects` and `/schemas`. */
  get url(): string {
    return this.urlAt(this.address);
  }

  /** The same by another way, as through a proxy. @param address `host:port` */
  urlAt(address: string): string {
    return `http://${address}${API_PATH}`;
  }

  protected override async isAnswering(): Promise<boolean> {
    return (await fetch(`${this.url}/subjects`)).ok;
  }
}

/** Starts Apicurio Registry. */
export async function startRegistry(options: ContainerOptions = {}): Promise<SchemaRegistry> {
  const container = await startContainer('registry', options, (each) =>
    each.withExposedPorts(PORT).withWaitStrategy(answersHttp(`${API_PATH}/subjects`, PORT)),
  );
  return new SchemaRegistry(container);
}
