/**
 * `npm run conformance -- FILE...`: runs every scenario of the files (format `conformance-scenarios/1`) through the topology
 * test driver.
 *
 * Prints the id, the step's index from 0, what was expected and what came of each scenario that fails, and ends with
 * `N passed, N failed`. Exits with 1 when anything failed, with 2 when it was called the wrong way.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { build } from '../build.mjs';

const FORMAT = 'conformance-scenarios/1';

function filesToRun() {
  try {
    const { positionals } = parseArgs({ allowPositionals: true });
    if (positionals.length > 0) return positionals;
  } catch (cause) {
    console.error(cause.message);
  }
  console.error('usage: npm run conformance -- FILE...');
  process.exit(2);
}

async function scenariosOf(file) {
  try {
    const { format, scenarios } = JSON.parse(await readFile(file, 'utf8'));
    if (format === FORMAT) return scenarios;
    console.error(`${file}: the format is '${format}', not '${FORMAT}'`);
  } catch (cause) {
    console.error(`${file} cannot be read: ${cause.message}`);
  }
  process.exit(2);
}

const files = filesToRun();
const scenarios = (await Promise.all(files.map(scenariosOf))).flat();
await build();
const { runScenario } = await import('./scenario.mjs');
let failed = 0;
for (const scenario of scenarios) {
  const failure = await runScenario(scenario);
  if (failure === undefined) continue;
  failed++;
  console.log(
    `FAILED ${scenario.id}, ${failure.step === undefined ? 'building the topology' : `step ${failure.step}`}`,
  );
  console.log(`  expected ${JSON.stringify(failure.expected)}`);
  console.log(`  actual   ${JSON.stringify(failure.actual)}`);
}
console.log(`${scenarios.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 && scenarios.length > 0 ? 0 : 1);
