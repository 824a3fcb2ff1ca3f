/**
 * `npm run topology -- write|diff|check`: lock files of the permanent names and stores of every topology, beside the classes in
 * `src/topologies/<topology>.lock.json` of each app, and what has changed against them.
 *
 * - `write` writes them, `write --missing` only those that are not there.
 * - `check` fails when one is missing or stale.
 * - `diff` tells what the working tree has changed against them; `diff --since REVISION` against those of a git revision;
 *   `diff A.json B.json` what has changed between two of them.
 *
 * Exits with 0 when nothing has changed or everything is compatible, 1 when something needs a migration (check: is missing or
 * stale), 2 when something needs a reset, 3 when it was called the wrong way or a topology cannot be built. What each class means:
 * docs/reference/topology-changes.md.
 */
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';

await build();
const { runTopologyCommand } = await import('./topology/cli.mjs');
// From what was just compiled.
const { appTopologies } = await import('./topology/app-topologies.mjs');
const root = fileURLToPath(new URL('..', import.meta.url));
process.exit(await runTopologyCommand(process.argv.slice(2), { root, describe: appTopologies, print: console.log }));
