import type { StartedTestContainer } from 'testcontainers';
import { hasPrinted } from '../container/ready.js';
import { addressOf, startContainer, type ContainerOptions } from '../container/start-container.js';

const PORT = 6379;

/** A running Redis that keeps nothing on disk. */
export class RedisServer implements AsyncDisposable {
  /** `redis://host:port` as this process reaches it. */
  readonly url: string;
  readonly #container: StartedTestContainer;

  /** @internal */
  constructor(container: StartedTestContainer) {
    this.#container = container;
    this.url = `redis://${addressOf(container, PORT)}`;
  }

  async stop(): Promise<void> {
    await this.#container.stop({ timeout: 0, remove: true, removeVolumes: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Starts Redis. */
export async function startRedis(options: ContainerOptions = {}): Promise<RedisServer> {
  const container = await startContainer('redis', options, (each) =>
    each
      .withCommand(['redis-server', '--protected-mode', 'no', '--save', '', '--appendonly', 'no'])
      .withExposedPorts(PORT)
      .withWaitStrategy(hasPrinted('Ready to accept connections')),
  );
  return new RedisServer(container);
}
