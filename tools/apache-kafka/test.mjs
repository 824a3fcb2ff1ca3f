/**
 * `npm run test:kafka`: runs every `*.kafka-spec.ts` against Apache Kafka, started for it on this machine.
 *
 * `npm run test:kafka -- PATTERN…` runs only the specs whose path matches; `-t NAME` only tests whose name matches. The last
 * line is `N passed, N failed`.
 *
 * Exit codes: 0 all passed, 1 something failed, 2 Java 17+ or Maven is missing, 3 Apache Kafka could not be installed.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { installApacheKafka, missingTools } from './install.mjs';

const EXIT_FAILED = 1;
const EXIT_TOOLS_MISSING = 2;
const EXIT_NOT_INSTALLED = 3;
const root = fileURLToPath(new URL('../..', import.meta.url));

const missing = missingTools();
if (missing.length > 0) {
  console.log(`needs Java 17+ and Maven: ${missing.join(', ')}`);
  console.log('0 passed, 1 failed');
  process.exit(EXIT_TOOLS_MISSING);
}
try {
  installApacheKafka();
} catch (error) {
  console.log(error.message);
  console.log('0 passed, 1 failed');
  process.exit(EXIT_NOT_INSTALLED);
}

const folder = await mkdtemp(path.join(tmpdir(), 'millrace-kafka-test-'));
const report = path.join(folder, 'report.json');
const options = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
const jest = spawn(
  process.execPath,
  [
    ...options,
    '--config=tools/apache-kafka/jest.config.js',
    '--verbose',
    '--json',
    `--outputFile=${report}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
);
const code = await new Promise((resolve) => jest.on('exit', (exitCode) => resolve(exitCode ?? EXIT_FAILED)));
const result = existsSync(report) ? JSON.parse(await readFile(report, 'utf8')) : undefined;
await rm(folder, { recursive: true });

const passed = result?.numPassedTests ?? 0;
const broken = (result?.numFailedTests ?? 0) + (result?.numRuntimeErrorTestSuites ?? 0);
const failed = broken === 0 && (code !== 0 || passed === 0) ? 1 : broken;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : EXIT_FAILED);
