/** Runs the specs of one ring by Jest, and counts them. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { outcomeOf } from './outcome.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Signals that end a run go on to Jest, so that its specs can clear up.
 *
 * @param config Jest's configuration, from the root of the workspace.
 * @param args More arguments for Jest: patterns of paths, `-t NAME`.
 * @param environment What the specs find in their environment besides that of this process.
 * @returns {Promise<{ passed: number, failed: number, skipped: string[] }>} see `outcomeOf`
 */
export async function runJest({ config, args, environment = {} }) {
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-ring-'));
  const report = path.join(folder, 'report.json');
  const options = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
  const jest = spawn(
    process.execPath,
    [...options, `--config=${config}`, '--verbose', '--json', `--outputFile=${report}`, ...args],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...environment } },
  );
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => jest.kill(signal));
  const code = await new Promise((resolve) => jest.on('exit', resolve));
  const result = existsSync(report) ? JSON.parse(await readFile(report, 'utf8')) : undefined;
  await rm(folder, { recursive: true });
  return outcomeOf(result, { code, args, root });
}
