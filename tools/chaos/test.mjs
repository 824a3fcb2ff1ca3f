/**
 * `npm run test:chaos`: runs every `*.chaos-spec.ts`: processes, brokers, services and networks fail, and nothing may be lost or doubled.
 *
 * `npm run test:chaos -- PATTERN…` runs only the specs whose path matches; `-t NAME` only tests whose name matches. Before its last
 * line, which is `N passed, N failed` as that of `npm run test:int`, it prints the ledgers of all tests as one table.
 *
 * Exit codes: 0 all passed, 1 something failed, 2 no container engine answers.
 */
import { runRing } from '../integration/ring.mjs';

await runRing({ config: 'tools/chaos/jest.config.js', args: process.argv.slice(2) });
