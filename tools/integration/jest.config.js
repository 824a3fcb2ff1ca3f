import preset from '../../jest.preset.js';

/** The integration ring: `*.int-spec.ts` of all packages against real services in containers, one file at a time. */
export default {
  ...preset,
  rootDir: '../..',
  roots: ['<rootDir>/libs', '<rootDir>/apps'],
  testMatch: ['**/*.int-spec.ts'],
  testTimeout: 300_000,
  maxWorkers: 1,
};
