/**
 * `npm run verify:exports -- --export DIR [--data DIR]`: has SQL on the CSV files of `--data` (default: `data/`) judge every row
 * of what `npm start -- --once --export DIR` wrote.
 *
 * Prints each figure and the first rows that differ, and ends with `N passed, N failed`. Exits with 1 when anything differs,
 * with 2 when it was called the wrong way.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { verifyExports } from './verify-exports.mjs';

const bundled = fileURLToPath(new URL('../../data', import.meta.url));
const usage = 'usage: npm run verify:exports -- --export DIR [--data DIR]';

function options() {
  try {
    const { values } = parseArgs({ options: { export: { type: 'string' }, data: { type: 'string' } } });
    if (values.export !== undefined) return { exportDir: values.export, dataDir: values.data ?? bundled };
  } catch (cause) {
    console.error(cause.message);
  }
  console.error(usage);
  process.exit(2);
}

const { exportDir, dataDir } = options();
const knownFigures = path.resolve(dataDir) === path.resolve(bundled);
const { passed, failed } = await verifyExports({ exportDir, dataDir, knownFigures }, console.log);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
