/** Builds the topologies of the apps from what was compiled: the folder `dist/topologies` of each. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { definedTopologies, topologyClasses } from '@millrace/nest/testing';
import { describeTopology, withErrorPolicy } from '@millrace/streams';
import { TOPOLOGIES } from './locks.mjs';

/** Beside the classes: `providers` that they inject and `policies` by topology, both optional. */
const PROVIDERS_FILE = 'lock.providers.js';

/**
 * The descriptions of the topologies of each app, by the app's folder.
 *
 * @throws {ConfigurationError} when a topology cannot be built.
 */
export async function appTopologies(root) {
  const found = new Map();
  for (const app of (await readdir(path.join(root, 'apps'))).sort()) {
    const folder = path.join(root, 'apps', app, 'dist', TOPOLOGIES);
    if (!existsSync(folder)) continue;
    const load = (file) => import(pathToFileURL(path.join(folder, file)).href);
    const files = (await readdir(folder)).filter((file) => file.endsWith('.js')).sort();
    const exported = [];
    for (const file of files) if (file !== PROVIDERS_FILE) exported.push(...Object.values(await load(file)));
    const { providers = [], policies = {} } = files.includes(PROVIDERS_FILE) ? await load(PROVIDERS_FILE) : {};
    const classes = [...new Set(topologyClasses(exported))];
    const defined = await definedTopologies(classes, providers).catch((error) => {
      error.message = `apps/${app}: ${error.message}\n(what topologies inject when they are described is said in apps/${app}/src/${TOPOLOGIES}/lock.providers.ts)`;
      throw error;
    });
    const described = defined.map(({ topology }) =>
      describeTopology(withErrorPolicy(topology, policies[topology.name] ?? {})),
    );
    if (described.length > 0) found.set(app, described);
  }
  return found;
}
