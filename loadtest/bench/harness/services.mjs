/** The services besides Kafka that some workloads need, each in a container of its own. */
import { startPostgres, startS3 } from '@millrace/testing/containers';
import { chosenImages } from '../../../tools/integration/images.mjs';

const start = {
  async postgres() {
    const postgres = await startPostgres({ settings: { synchronous_commit: 'on' } });
    return { told: { url: postgres.url }, stop: () => postgres.stop() };
  },
  async s3() {
    const s3 = await startS3();
    const { endpoint, credentials } = s3;
    const createBucket = (name) => s3.createBucket(name);
    return { told: { endpoint, credentials, bucket: 'bench' }, createBucket, stop: () => s3.stop() };
  },
};

/**
 * Starts services by name.
 *
 * @returns each with `told`, what a contender is told of it, and `stop`.
 * @throws what the fixtures say where there is no container engine: `docker/scripts/engine-up.sh` brings one up.
 */
export async function startServices(names = []) {
  const services = {};
  if (names.length > 0) Object.assign(process.env, chosenImages(process.env));
  try {
    for (const name of names) services[name] = await start[name]();
  } catch (cause) {
    await stopServices(services);
    throw cause;
  }
  return services;
}

export async function stopServices(services) {
  for (const { stop } of Object.values(services)) await stop();
}
