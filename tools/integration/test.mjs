/**
 * `npm run test:int`: runs every `*.int-spec.ts` against real services in containers.
 *
 * `npm run test:int -- PATTERN…` runs only the specs whose path matches; `-t NAME` only tests whose name matches. The last
 * line is `N passed, N failed`.
 *
 * Exit codes: 0 all passed, 1 something failed, 2 no container engine answers.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '../build.mjs';
import { chosenImages } from './images.mjs';

const EXIT_FAILED = 1;
const EXIT_NO_ENGINE = 2;
const root = fileURLToPath(new URL('../..', import.meta.url));

await build();
// What the specs use is what runs here too; it exists once the workspace is built.
const { containerEngine, sweepLeftovers } = await import('../../libs/testing/dist/containers.js');

const engine = await containerEngine().catch((error) => {
  console.log(error.message);
  console.log('0 passed, 1 failed');
  process.exit(EXIT_NO_ENGINE);
});
const images = chosenImages(process.env);
for (const [variable, image] of Object.entries(images)) console.log(`${variable}=${image} (built on this machine)`);

const folder = await mkdtemp(path.join(tmpdir(), 'millrace-int-test-'));
const report = path.join(folder, 'report.json');
const jest = spawn(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--no-warnings',
    'node_modules/jest/bin/jest.js',
    '--config=tools/integration/jest.config.js',
    '--verbose',
    '--json',
    `--outputFile=${report}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...images } },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => jest.kill(signal));
const code = await new Promise((resolve) => jest.on('exit', (exitCode) => resolve(exitCode ?? EXIT_FAILED)));
const result = existsSync(report) ? JSON.parse(await readFile(report, 'utf8')) : undefined;
await rm(folder, { recursive: true });

const { containers } = await sweepLeftovers(engine);
for (const name of containers) console.log(`removed a container that was left behind: ${name}`);

const passed = result?.numPassedTests ?? 0;
const broken = (result?.numFailedTests ?? 0) + (result?.numRuntimeErrorTestSuites ?? 0);
const failed = broken === 0 && (code !== 0 || passed === 0) ? 1 : broken;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : EXIT_FAILED);
