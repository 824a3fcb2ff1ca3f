import { existsSync, readdirSync } from 'node:fs';
import preset from './jest.preset.js';

const folders = ['libs', 'apps'].flatMap((group) => readdirSync(group).map((name) => `${group}/${name}`));

/** One Jest project for each package of the workspace; what needs Java or containers has configurations of its own. */
export default {
  projects: [...folders, 'tools', 'loadtest']
    .filter((folder) => existsSync(folder))
    .map((folder) => ({
      ...preset,
      displayName: folder,
      rootDir: folder,
      testMatch: ['<rootDir>/**/*.spec.ts'],
    })),
};
