/** Runs a ring of specs that need a container engine, and says how it went. */
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

/**
 * Builds the workspace, runs Jest, removes the containers that were left behind, prints `N passed, N failed` and exits: 0 all passed, 1
 * something failed, 2 no container engine answers. What the ledgers of the specs have told is printed as one table before.
 *
 * @param config Jest's configuration of the ring, from the root of the workspace.
 * @param args More arguments for Jest: patterns of paths, `-t NAME`.
 */
export async function runRing({ config, args }) {
  await build();
  // What the specs use is what runs here too; it exists once the workspace is built.
  const { containerEngine, sweepLeftovers } = await import('../../libs/testing/dist/containers.js');
  const { LEDGER_FILE_VARIABLE, ledgerTable, readLedgerRows } = await import('../../libs/testing/dist/index.js');

  const engine = await containerEngine().catch((error) => {
    console.log(error.message);
    console.log('0 passed, 1 failed');
    process.exit(EXIT_NO_ENGINE);
  });
  const images = chosenImages(process.env);
  for (const [variable, image] of Object.entries(images)) console.log(`${variable}=${image} (built on this machine)`);

  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-ring-'));
  const report = path.join(folder, 'report.json');
  const ledgers = path.join(folder, 'ledgers.ndjson');
  const environment = { ...process.env, ...images, [LEDGER_FILE_VARIABLE]: ledgers };
  const code = await runJest(
    [`--config=${config}`, '--verbose', '--json', `--outputFile=${report}`, ...args],
    environment,
  );
  const result = existsSync(report) ? JSON.parse(await readFile(report, 'utf8')) : undefined;
  const rows = readLedgerRows(ledgers);
  await rm(folder, { recursive: true });

  const { containers } = await sweepLeftovers(engine);
  for (const name of containers) console.log(`removed a container that was left behind: ${name}`);
  if (rows.length > 0) console.log(`\n${ledgerTable(rows)}\n`);

  const passed = result?.numPassedTests ?? 0;
  const broken = (result?.numFailedTests ?? 0) + (result?.numRuntimeErrorTestSuites ?? 0);
  const failed = broken === 0 && (code !== 0 || passed === 0) ? 1 : broken;
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : EXIT_FAILED);
}

async function runJest(args, env) {
  const jest = spawn(
    process.execPath,
    ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', ...args],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env },
  );
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => jest.kill(signal));
  return new Promise((resolve) => jest.on('exit', (exitCode) => resolve(exitCode ?? EXIT_FAILED)));
}
