/**
 * `npm run test:int`: runs every `*.int-spec.ts` against real services in containers.
 *
 * `npm run test:int -- PATTERN…` runs only the specs whose path matches; `-t NAME` only tests whose name matches. The last
 * line is `N passed, N failed`, with `, N skipped` where something was, which is named above it. That nothing is left at the engine (containers,
 * networks, volumes) counts as one.
 *
 * Exit codes: 0 all passed, 1 something failed, 2 no container engine answers.
 */
import { runRing } from './ring.mjs';

await runRing({ config: 'tools/integration/jest.config.js', args: process.argv.slice(2) });
