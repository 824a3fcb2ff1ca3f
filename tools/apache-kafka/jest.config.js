import preset from '../../jest.preset.js';

/** The contract suites against Apache Kafka: `*.kafka-spec.ts` of all packages, one file at a time. */
export default {
  ...preset,
  rootDir: '../..',
  roots: ['<rootDir>/libs', '<rootDir>/apps'],
  testMatch: ['**/*.kafka-spec.ts'],
  testTimeout: 180_000,
  maxWorkers: 1,
};
