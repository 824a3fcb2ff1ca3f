/**
 * Gives every package of the workspace its Nx targets, so that no package repeats them:
 * `test` (its specs), `lint` and `build`.
 */
const path = require('node:path');

const PACKAGES = '{apps,libs}/*/package.json';

function targetsOf(projectRoot) {
  return {
    test: {
      command: `node --experimental-vm-modules --no-warnings node_modules/jest/bin/jest.js --config jest.config.js --selectProjects ${projectRoot} --passWithNoTests`,
    },
    lint: { command: `eslint ${projectRoot}` },
    build: { command: 'node tools/build.mjs' },
  };
}

module.exports.createNodesV2 = [
  PACKAGES,
  (files) =>
    files.map((file) => {
      const projectRoot = path.posix.dirname(file);
      return [file, { projects: { [projectRoot]: { targets: targetsOf(projectRoot) } } }];
    }),
];
