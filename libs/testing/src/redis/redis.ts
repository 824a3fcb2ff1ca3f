import { Redis } from 'ioredis';
import type { StartedTestContainer } from 'testcontainers';
import { hasPrinted } from '../container/ready.js';
import { ServiceContainer } from '../container/service-container.js';
import { startContainer, type ContainerOptions } from '../container/start-container.js';

const PORT = 6379;

/** A running Redis that keeps nothing on disk. */
export class RedisServer extends ServiceContainer {
  /** @internal */
  constructor(container: StartedTestContainer) {
    super(container, PORT);
  }

  /** `redis://host:port` as this process reaches it. */
  get url(): string {
    return `redis://${this.address}`;
  }

  protected override async isAnswering(): Promise<boolean> {
    const redis = new Redis(this.url, { lazyConnect: true, retryStrategy: () => null });
    // A connection that fails is told by `connect`.
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return (await redis.ping()) === 'PONG';
    } finally {
      redis.disconnect();
    }
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
