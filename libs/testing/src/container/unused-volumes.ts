import type { ContainerRuntimeClient } from 'testcontainers';

/** What an engine calls a volume that nobody has named. */
const WITHOUT_NAME = /^[0-9a-f]{64}$/;

/**
 * The volumes that no container uses and that nobody has named, such as an image asks for: they stay when their container is removed without
 * them. They tell nothing of who has made them; what is there after a run and was not before has come with it, or with another run meanwhile.
 */
export async function unusedVolumes(client: ContainerRuntimeClient): Promise<string[]> {
  const { Volumes } = await client.container.dockerode.listVolumes({ filters: { dangling: ['true'] } });
  return Volumes.map(({ Name }) => Name).filter((name) => WITHOUT_NAME.test(name));
}
