/**
 * `npm run conformance -- FILE...`: runs every scenario of the files (format `conformance-scenarios/1`) through the topology
 * test driver.
 *
 * `--driver=merged --partitions=3` runs them on several partitions in order of time, comparing per key;
 * `--restart-everywhere` puts a restart between any two steps; `--engine=lmdb` keeps the stores that name no engine on disk.
 *
 * Prints the id, the step's index from 0, what was expected and what came of each scenario that fails, and ends with
 * `N passed, N failed`. Exits with 1 when anything failed, with 2 when it was called the wrong way.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { build } from '../build.mjs';

const FORMAT = 'conformance-scenarios/1';

const USAGE =
  'usage: npm run conformance -- [--driver=synchronous|merged] [--partitions=N] [--restart-everywhere] [--engine=memory|lmdb] FILE...';

/** What the command line asks for: the files, and how the driver is to run them. */
function asked() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        driver: { type: 'string', default: 'synchronous' },
        partitions: { type: 'string', default: '1' },
        'restart-everywhere': { type: 'boolean', default: false },
        engine: { type: 'string', default: 'memory' },
      },
    });
    const partitions = Number(values.partitions);
    const isKnown = ['synchronous', 'merged'].includes(values.driver) && ['memory', 'lmdb'].includes(values.engine);
    if (positionals.length > 0 && isKnown && Number.isInteger(partitions) && partitions > 0) {
      const { driver: order, engine, 'restart-everywhere': restartsEverywhere } = values;
      const options = { order, partitions, restartsEverywhere, engine };
      return { files: positionals, options };
    }
  } catch (cause) {
    console.error(cause.message);
  }
  console.error(USAGE);
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

const { files, options } = asked();
const scenarios = (await Promise.all(files.map(scenariosOf))).flat();
await build();
const { runScenario } = await import('./scenario.mjs');
let failed = 0;
for (const scenario of scenarios) {
  const failure = await runScenario(scenario, options);
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
