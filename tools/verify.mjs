/**
 * `npm run verify`: all that must hold before a change is committed: format, lint with layering, types, documentation, lock
 * files of topologies, tests. Every step runs even when an earlier one failed, so that one run shows everything; exits with 1 when any failed.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const steps = [
  ['format', ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.']],
  ['lint', ['tools/lint.mjs']],
  ['types', ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']],
  ['documentation', ['tools/check-docs.mjs']],
  ['lock files of topologies', ['tools/topology.mjs', 'check']],
  ['tests', ['tools/test.mjs']],
];

const failed = [];
for (const [name, args] of steps) {
  console.log(`== ${name}`);
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) failed.push(name);
}
console.log(failed.length === 0 ? 'everything holds' : `does not hold: ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);
