import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { GenericContainer } from 'testcontainers';
import { Redis } from 'ioredis';
import { containerEngine, imageOf, startRedis, sweepLeftovers } from '../src/containers.js';
import { OWNER_LABEL, ownerOf } from '../src/container/owner.js';

describe('a sweep', () => {
  it('removes what a process has left that was killed, and nothing of a living one', async () => {
    const engine = await containerEngine();
    await using living = await startRedis();
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const left = await new GenericContainer(imageOf('redis'))
      .withLabels({ [OWNER_LABEL]: ownerOf(child.pid!)! })
      .start();
    expect((await sweepLeftovers(engine)).containers).toEqual([]);

    child.kill('SIGKILL');
    await once(child, 'exit');

    expect(await sweepLeftovers(engine)).toEqual({ containers: [left.getName().replace('/', '')], networks: [] });
    await expect(engine.container.dockerode.getContainer(left.getId()).inspect()).rejects.toMatchObject({
      statusCode: 404,
    });
    const redis = new Redis(living.url);
    expect(await redis.ping()).toBe('PONG');
    redis.disconnect();
  });
});
