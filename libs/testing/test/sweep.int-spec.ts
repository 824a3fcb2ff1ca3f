import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { GenericContainer } from 'testcontainers';
import { Redis } from 'ioredis';
import { containerEngine, imageOf, startRedis, sweepLeftovers, unusedVolumes } from '../src/containers.js';
import { OWNER_LABEL, ownerOf, thisOwner } from '../src/container/owner.js';

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

describe('the unused volumes', () => {
  it('are those whose containers were removed without them', async () => {
    const { dockerode } = (await containerEngine()).container;
    const container = await dockerode.createContainer({
      Image: imageOf('redis'),
      Volumes: { '/kept': {} },
      Labels: { [OWNER_LABEL]: thisOwner() },
    });
    const { Mounts } = await container.inspect();
    const volume = Mounts.find(({ Destination }) => Destination === '/kept')!.Name!;
    expect(await unusedVolumes(await containerEngine())).not.toContain(volume);

    await container.remove();

    expect(await unusedVolumes(await containerEngine())).toContain(volume);
    for (const { Name } of Mounts) await dockerode.getVolume(Name!).remove();
    expect(await unusedVolumes(await containerEngine())).not.toContain(volume);
  });
});
