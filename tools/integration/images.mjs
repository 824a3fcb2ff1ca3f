/** Which images the fixtures of this run take: what the environment says, else those that were built here, else the official ones. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const LOCAL_IMAGES = new URL('../../docker/local-images.env', import.meta.url);

/** All variables of `docker/local-images.env`, which compose takes. */
export function localVariables() {
  const lines = readFileSync(LOCAL_IMAGES, 'utf8').split('\n');
  return Object.fromEntries(
    lines
      .map((line) => /^(MILLRACE_\w+)=(\S+)$/.exec(line))
      .filter((match) => match !== null)
      .map(([, variable, value]) => [variable, value]),
  );
}

/** Of them those that name an image: `{ MILLRACE_IMAGE_KAFKA: 'millrace/kafka:4.3.1', … }`. */
export function localImages() {
  return Object.fromEntries(
    Object.entries(localVariables()).filter(([variable]) => variable.startsWith('MILLRACE_IMAGE_')),
  );
}

/**
 * The variables to add to the environment: the local name of each image that the engine has and the environment does not name.
 * `isThere(image)` tells what the engine has.
 */
export function chosenImages(environment, isThere = hasImage) {
  return Object.fromEntries(
    Object.entries(localImages()).filter(([variable, image]) => !environment[variable] && isThere(image)),
  );
}

function hasImage(image) {
  return spawnSync('docker', ['image', 'inspect', image], { stdio: 'ignore' }).status === 0;
}
