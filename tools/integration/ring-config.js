import preset from '../../jest.preset.js';

/** Jest's configuration of a ring on containers: the specs of all packages that end in `ending`, one file at a time. */
export function ringConfig(ending) {
  return {
    ...preset,
    rootDir: '../..',
    roots: ['<rootDir>/libs', '<rootDir>/apps'],
    testMatch: [`**/*${ending}`],
    testTimeout: 300_000,
    maxWorkers: 1,
  };
}
