/** Runs a ring of specs that need a container engine, and says how it went. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from '../build.mjs';
import { runJest } from '../rings/run-jest.mjs';
import { chosenImages } from './images.mjs';

const EXIT_FAILED = 1;
const EXIT_NO_ENGINE = 2;

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

  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-ledgers-'));
  const ledgers = path.join(folder, 'ledgers.ndjson');
  const environment = { ...images, [LEDGER_FILE_VARIABLE]: ledgers };
  const { passed, failed } = await runJest({ config, args, environment });
  const rows = readLedgerRows(ledgers);
  await rm(folder, { recursive: true });

  const { containers } = await sweepLeftovers(engine);
  for (const name of containers) console.log(`removed a container that was left behind: ${name}`);
  if (rows.length > 0) console.log(`\n${ledgerTable(rows)}\n`);

  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : EXIT_FAILED);
}
