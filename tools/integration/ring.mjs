/** Runs a ring of specs that need a container engine, and says how it went. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from '../build.mjs';
import { closingLines } from '../rings/outcome.mjs';
import { runJest } from '../rings/run-jest.mjs';
import { chosenImages } from './images.mjs';
import { leftovers } from './leftovers.mjs';

const EXIT_FAILED = 1;
const EXIT_NO_ENGINE = 2;

/**
 * Builds the workspace, runs Jest, removes the containers and networks that were left behind, prints `N passed, N failed` and exits: 0 all
 * passed, 1 something failed, 2 no container engine answers. That nothing was left, no volume either, counts as one test. What the ledgers of
 * the specs have told is printed as one table before, and what was skipped by name.
 *
 * @param config Jest's configuration of the ring, from the root of the workspace.
 * @param args More arguments for Jest: patterns of paths, `-t NAME`.
 */
export async function runRing({ config, args }) {
  await build();
  // What the specs use is what runs here too; it exists once the workspace is built.
  const { containerEngine, sweepLeftovers, unusedVolumes } = await import('../../libs/testing/dist/containers.js');
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
  const before = await unusedVolumes(engine);
  const outcome = await runJest({ config, args, environment });
  const rows = readLedgerRows(ledgers);
  await rm(folder, { recursive: true });

  if (rows.length > 0) console.log(`\n${ledgerTable(rows)}\n`);

  const swept = await sweepLeftovers(engine);
  const left = leftovers(swept, { before, after: await unusedVolumes(engine) });
  if (left.length === 0) outcome.passed++;
  else outcome.failed++;
  console.log(
    left.length === 0 ? 'ok      nothing is left of it' : `FAILED  nothing is left of it: ${left.join(', ')}`,
  );
  for (const line of closingLines(outcome)) console.log(line);
  process.exit(outcome.failed === 0 ? 0 : EXIT_FAILED);
}
