/** `npm run lint`: ESLint over the whole workspace, then the fixture that proves that the layering rule bites. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const environment = { ...process.env, NX_DAEMON: 'false' };
const run = (...args) =>
  spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env: environment }).status ?? 1;

const isGraphKnown = run('tools/project-graph.mjs');
if (isGraphKnown !== 0) process.exit(isGraphKnown);
const linted = run(
  'node_modules/eslint/bin/eslint.js',
  '--max-warnings=0',
  ...(process.argv.slice(2).length > 0 ? process.argv.slice(2) : ['.']),
);
process.exit(linted === 0 ? run('tools/check-boundaries.mjs') : linted);
