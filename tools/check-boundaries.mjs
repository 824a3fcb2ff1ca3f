/**
 * Proves that the layering rule bites: every folder of `tools/boundaries-fixture` holds one violation, and linting it must
 * report exactly that rule. Exits with 1 when a violation goes unseen.
 */
import './project-graph.mjs';
import nx from '@nx/eslint-plugin';
import { ESLint } from 'eslint';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import tseslint from 'typescript-eslint';
import { layers } from './eslint/layers.js';

const RULE = '@nx/enforce-module-boundaries';
const root = fileURLToPath(new URL('..', import.meta.url));
const fixtures = path.join(root, 'tools/boundaries-fixture');

const eslint = new ESLint({
  cwd: root,
  ignore: false,
  overrideConfigFile: true,
  overrideConfig: [
    {
      files: ['**/*.ts'],
      languageOptions: { parser: tseslint.parser },
      plugins: { '@nx': nx },
      rules: { [RULE]: ['error', { depConstraints: layers, enforceBuildableLibDependency: false }] },
    },
  ],
});

let passed = 0;
let failed = 0;
for (const entry of await readdir(fixtures, { withFileTypes: true })) {
  if (!entry.isDirectory()) continue;
  const [result] = await eslint.lintFiles([path.join(fixtures, entry.name, 'violation.ts')]);
  const seen = result?.messages.length === 1 && result.messages[0]?.ruleId === RULE;
  if (seen) passed++;
  else failed++;
  console.log(
    `${seen ? 'ok' : 'NOT SEEN'}  ${entry.name}: ${result?.messages.map((each) => each.message).join('; ') ?? ''}`,
  );
}
console.log(`boundaries: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
