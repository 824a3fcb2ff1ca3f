/**
 * `npm run new -- topology|app|lib …`: makes a working start of one of these. `npm run new -- topology --help` lists the
 * options; every option is a flag, nothing is asked. A new topology gets its lock file too.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const KINDS = ['topology', 'app', 'lib'];
const [kind, ...rest] = process.argv.slice(2);
if (!KINDS.includes(kind)) {
  console.error(
    `say what to make: npm run new -- ${KINDS.join('|')} --name=NAME (with --help for the options of each)`,
  );
  process.exit(2);
}
const { status } = spawnSync(
  process.execPath,
  ['node_modules/nx/dist/bin/nx.js', 'generate', `@millrace/workspace-plugin:${kind}`, '--no-interactive', ...rest],
  { cwd: root, stdio: 'inherit', env: { ...process.env, NX_DAEMON: 'false' } },
);
if (status !== 0 || kind === 'lib' || rest.some((each) => /^(--help|--dry-?run|-d)/i.test(each)))
  process.exit(status ?? 1);
// A topology without a lock file would fail `npm run verify`.
const locks = spawnSync(process.execPath, ['tools/topology.mjs', 'write', '--missing'], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(locks.status ?? 1);
