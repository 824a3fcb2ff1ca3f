import preset from '../../jest.preset.js';

/** What holds for the whole pipeline of docker/compose.yml once it is up: `*.compose-spec.ts`. */
export default {
  ...preset,
  rootDir: '../..',
  roots: ['<rootDir>/tools/compose'],
  testMatch: ['**/*.compose-spec.ts'],
  testTimeout: 600_000,
  maxWorkers: 1,
};
