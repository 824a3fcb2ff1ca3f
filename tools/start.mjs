/** `npm start`: compiles what has changed, then runs everything in one process. Arguments go to `apps/standalone`. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';

await build();
const main = fileURLToPath(new URL('../apps/standalone/dist/main.js', import.meta.url));
// Room for young objects: see docs/design/performance.md.
const options = ['--enable-source-maps', '--max-semi-space-size=64'];
const child = spawn(process.execPath, [...options, main, ...process.argv.slice(2)], { stdio: 'inherit' });

// A terminal sends Ctrl-C to both processes; the child leaves in order and this one passes its exit code on.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('error', (cause) => {
  console.error(`cannot start ${main}: ${cause.message}`);
  process.exit(4);
});
child.on('exit', (code, signal) => {
  process.exit(code ?? (signal === 'SIGINT' ? 130 : 137));
});
