import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { ioModules, layers, pureLayers } from './tools/eslint/layers.js';

const SPECS = ['**/*.spec.ts', '**/*.sim.ts', '**/*-spec.ts', '**/test/**/*.ts', '**/bench/**/*.ts'];

/** Specs may use any library and the testkits, but never an app of another folder. */
const specLayers = [{ sourceTag: '*', notDependOnLibsWithTags: ['layer:tool'] }];

const AMBIENT_TIME = [
  { object: 'Date', property: 'now', message: 'Take a Clock (@millrace/kernel): the caller decides what time it is.' },
  { object: 'performance', property: 'now', message: 'Take a Clock (@millrace/kernel): use monotonicMs().' },
  { object: 'Math', property: 'random', message: 'Take a Random (@millrace/kernel), so that a run can be repeated.' },
];

export default defineConfig(
  { ignores: ['**/dist/**', '**/node_modules/**', '.nx/**', 'tools/boundaries-fixture/**', 'docs/**', '**/*.cjs'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        { allow: [], depConstraints: layers, enforceBuildableLibDependency: false },
      ],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      'no-restricted-properties': ['error', ...AMBIENT_TIME],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'Export by name: a package says what is public.' },
      ],
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
      eqeqeq: 'error',
    },
  },
  {
    files: pureLayers.map((folder) => `${folder}/src/**/*.ts`),
    rules: { 'no-restricted-imports': ['error', { paths: ioModules }] },
  },
  {
    // Classes that Nest injects need the value import: decorator metadata refers to it.
    files: ['apps/**/*.ts', 'libs/nest/**/*.ts', 'libs/observability/**/*.ts', 'libs/postgres/**/*.ts'],
    rules: { '@typescript-eslint/consistent-type-imports': 'off' },
  },
  {
    files: SPECS,
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        { depConstraints: specLayers, allowCircularSelfDependency: true, enforceBuildableLibDependency: false },
      ],
      'no-restricted-properties': 'off',
      'no-restricted-imports': 'off',
      'max-lines': ['error', { max: 800, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['libs/kernel/src/time/clock.ts', 'libs/kernel/src/random/random.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
  prettier,
);
