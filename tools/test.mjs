/**
 * `npm test`: every ring that needs only Node: unit, topology and contract specs of all packages, the conformance scenarios
 * where they are present, the layering fixture, and the first seeds of the simulation.
 *
 * `npm test -- PATTERN…` runs only the specs whose path matches. The last line is `N passed, N failed`, with `, N skipped`
 * where something was skipped; the reason of each skip is printed above it. Exits with 1 when anything failed.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { closingLine } from './rings/outcome.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const patterns = process.argv.slice(2);
/** How many seeds of the simulation are run: about a minute of them. */
const SIMULATION_SEEDS = 200;
const total = { passed: 0, failed: 0, skipped: 0 };

/** Runs a Node script of the workspace and returns its exit code and what it printed. */
function run(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
      process.stdout.write(chunk);
    });
    child.on('error', reject);
    child.on('exit', (code) => resolve({ code: code ?? 1, output }));
  });
}

async function runSpecs() {
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-test-'));
  const report = path.join(folder, 'report.json');
  const { code } = await run([
    '--experimental-vm-modules',
    '--no-warnings',
    'node_modules/jest/bin/jest.js',
    '--config=jest.config.js',
    '--json',
    `--outputFile=${report}`,
    ...patterns,
  ]);
  if (!existsSync(report)) {
    console.log(`the test runner ended with exit code ${code} and left no report`);
    total.failed++;
  } else {
    const result = JSON.parse(await readFile(report, 'utf8'));
    total.passed += result.numPassedTests;
    total.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
    total.skipped += result.numPendingTests + result.numTodoTests;
    if (code !== 0 && result.success && total.failed === 0) total.failed++;
  }
  await rm(folder, { recursive: true });
}

/** Runs a script that ends with `N passed, N failed` and adds its figures to the total. */
async function runCounted(name, args) {
  const { code, output } = await run(args);
  const counted = /(\d+) passed, (\d+) failed\s*$/.exec(output);
  if (counted === null) {
    console.log(`${name} ended with exit code ${code} and no count`);
    total.failed++;
    return;
  }
  total.passed += Number(counted[1]);
  total.failed += Number(counted[2]);
  if (code !== 0 && counted[2] === '0') total.failed++;
}

await build();
await runSpecs();
if (patterns.length === 0) {
  await runCounted('the layering fixture', ['tools/check-boundaries.mjs']);
  await runCounted('the simulation', ['tools/simulate.mjs', `--seeds=${SIMULATION_SEEDS}`]);
}
console.log(closingLine(total));
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
