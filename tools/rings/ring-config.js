import preset from '../../jest.preset.js';

/** Jest's configuration of a ring on real services: the specs of all packages that end in `ending`, one file at a time. */
export function ringConfig(ending, testTimeout = 300_000) {
  return {
    ...preset,
    rootDir: '../..',
    roots: ['<rootDir>/libs', '<rootDir>/apps'],
    testMatch: [`**/*${ending}`],
    testTimeout,
    maxWorkers: 1,
  };
}
