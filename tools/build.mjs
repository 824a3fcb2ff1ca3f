/**
 * Compiles every package of the workspace from `src/` to `dist/` with SWC, file by file and only what has changed since.
 *
 * Types are not checked here (`npm run typecheck` does that), so a first start costs about a second.
 */
import { transformFile } from '@swc/core';
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { swcOptions } from '../jest.preset.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const COPIED = /\.(json|avsc|sql|txt)$/;
const COMPILED = /(?<!\.d)\.ts$/;
const TEST_ONLY = /\.(spec|topology\.spec|sim)\.ts$/;

async function* filesUnder(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(full);
    else yield full;
  }
}

async function packages() {
  const found = [];
  for (const group of ['libs', 'apps']) {
    for (const name of await readdir(path.join(root, group))) {
      const source = path.join(root, group, name, 'src');
      if (await stat(source).catch(() => undefined)) found.push(path.join(root, group, name));
    }
  }
  return found;
}

/** The time of what the output depends on besides its source: this script and the compiler's options. */
async function toolTimeMs() {
  const times = await Promise.all(
    [fileURLToPath(import.meta.url), path.join(root, 'jest.preset.js')].map(async (file) => (await stat(file)).mtimeMs),
  );
  return Math.max(...times);
}

async function buildFile(source, target, toolMs) {
  const sourceMs = (await stat(source)).mtimeMs;
  const wantedMs = Math.floor(Math.max(sourceMs, toolMs));
  const targetMs = (await stat(target).catch(() => undefined))?.mtimeMs;
  if (targetMs !== undefined && Math.floor(targetMs) === wantedMs) return false;
  await mkdir(path.dirname(target), { recursive: true });
  if (COMPILED.test(source)) {
    const { code } = await transformFile(source, { ...swcOptions, configFile: false, swcrc: false });
    await writeFile(target, code);
  } else {
    await writeFile(target, await readFile(source));
  }
  await utimes(target, wantedMs / 1000, wantedMs / 1000);
  return true;
}

/** Builds all packages, removes outputs whose source is gone, and returns how many files were compiled. */
export async function build() {
  const toolMs = await toolTimeMs();
  const jobs = [];
  const wanted = new Set();
  const built = await packages();
  for (const folder of built) {
    const source = path.join(folder, 'src');
    for await (const file of filesUnder(source)) {
      if (TEST_ONLY.test(file) || !(COMPILED.test(file) || COPIED.test(file))) continue;
      const target = path.join(folder, 'dist', path.relative(source, file)).replace(COMPILED, '.js');
      wanted.add(target);
      jobs.push(() => buildFile(file, target, toolMs));
    }
  }
  let changed = 0;
  const worker = async () => {
    for (let job = jobs.pop(); job !== undefined; job = jobs.pop()) if (await job()) changed++;
  };
  await Promise.all(Array.from({ length: availableParallelism() * 4 }, worker));
  for (const folder of built) {
    const output = path.join(folder, 'dist');
    if (!(await stat(output).catch(() => undefined))) continue;
    for await (const file of filesUnder(output)) if (!wanted.has(file)) await rm(file);
  }
  return changed;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const startedMs = performance.now();
  const changed = await build();
  console.log(`built ${changed} file(s) in ${Math.round(performance.now() - startedMs)} ms`);
}
