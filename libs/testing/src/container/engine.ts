import { ConfigurationError } from '@millrace/kernel';
import { ImageName, getContainerRuntimeClient, type ContainerRuntimeClient } from 'testcontainers';
import { imageVariable, type Service } from './images.js';
import { sweepLeftovers } from './sweep.js';

let engine: Promise<ContainerRuntimeClient> | undefined;

/**
 * The container engine of this machine. The first call of a process also removes what dead processes have left behind: Ryuk, which
 * Testcontainers would start for that, is an image of its own that cannot be pulled everywhere.
 *
 * @throws {ConfigurationError} (stop-app) when no engine answers; it names the script that starts one.
 */
export function containerEngine(): Promise<ContainerRuntimeClient> {
  engine ??= connect().catch((error: unknown) => {
    engine = undefined;
    throw error;
  });
  return engine;
}

async function connect(): Promise<ContainerRuntimeClient> {
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
  let client: ContainerRuntimeClient;
  try {
    client = await getContainerRuntimeClient();
  } catch (cause) {
    const remedy =
      'no container engine answers: start Docker, or run docker/scripts/engine-up.sh (as root on Debian); ' +
      'DOCKER_HOST names an engine elsewhere';
    throw new ConfigurationError('the fixtures of @millrace/testing', [remedy], { cause });
  }
  await sweepLeftovers(client);
  return client;
}

/**
 * Sees to it that the engine has an image, pulling it where that is possible.
 *
 * @throws {ConfigurationError} (stop-app) that says how to build it or to name another.
 */
export async function requireImage(client: ContainerRuntimeClient, service: Service, image: string): Promise<void> {
  const name = ImageName.fromString(image);
  if (await client.image.exists(name)) return;
  try {
    await client.image.pull(name);
  } catch (cause) {
    const remedy =
      `the image ${image} is not on this machine and cannot be pulled: run docker/scripts/build-images.sh ${service} and set ` +
      `${imageVariable(service)} as docker/local-images.env does, or name another image`;
    throw new ConfigurationError(`the fixture of ${service}`, [remedy], { cause });
  }
}
