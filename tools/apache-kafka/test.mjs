/**
 * `npm run test:kafka`: runs every `*.kafka-spec.ts` against Apache Kafka, started for it on this machine.
 *
 * `npm run test:kafka -- PATTERN…` runs only the specs whose path matches; `-t NAME` only tests whose name matches. The last
 * line is `N passed, N failed`, with `, N skipped` where something was, which is named above it.
 *
 * Exit codes: 0 all passed, 1 something failed, 2 Java 17+ or Maven is missing, 3 Apache Kafka could not be installed.
 */
import { closingLines } from '../rings/outcome.mjs';
import { runJest } from '../rings/run-jest.mjs';
import { installApacheKafka, missingTools } from './install.mjs';

const EXIT_FAILED = 1;
const EXIT_TOOLS_MISSING = 2;
const EXIT_NOT_INSTALLED = 3;

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

const outcome = await runJest({ config: 'tools/apache-kafka/jest.config.js', args: process.argv.slice(2) });
for (const line of closingLines(outcome)) console.log(line);
process.exit(outcome.failed === 0 ? 0 : EXIT_FAILED);
