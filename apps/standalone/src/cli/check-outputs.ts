import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import type { StandaloneOptions } from './options.js';
import { usageFailure, type RunFailure } from './run-failure.js';

/**
 * Looks whether the results can be written where they are asked for, before a run spends time on them.
 *
 * @throws {RunFailure} with the exit code for wrong usage, naming the option.
 */
export async function checkOutputs({
  jsonFile,
  exportDir,
}: Pick<StandaloneOptions, 'jsonFile' | 'exportDir'>): Promise<void> {
  if (exportDir !== undefined) await checkFolder('--export', path.resolve(exportDir));
  if (jsonFile === undefined) return;
  const file = path.resolve(jsonFile);
  const present = await stat(file).catch(() => undefined);
  if (present?.isDirectory() === true)
    throw usageFailure(`--json ${jsonFile} is a folder: give it the name of a file.`);
  const folder = path.dirname(file);
  const isThere = await stat(folder).then(
    (each) => each.isDirectory(),
    () => false,
  );
  if (!isThere)
    throw usageFailure(`--json ${jsonFile}: there is no folder ${folder}. Make it, or choose another file.`);
  await checkWritable('--json', present === undefined ? folder : file);
}

/** The folder, or the nearest one above it that exists and in which it is to be made. */
async function checkFolder(option: string, folder: string): Promise<void> {
  const present = await stat(folder).catch(() => undefined);
  if (present === undefined) {
    await checkFolder(option, path.dirname(folder));
    return;
  }
  if (!present.isDirectory()) throw usageFailure(`${option}: ${folder} is a file, give it a folder.`);
  await checkWritable(option, folder);
}

async function checkWritable(option: string, place: string): Promise<void> {
  await access(place, constants.W_OK).catch((cause: NodeJS.ErrnoException): RunFailure => {
    throw usageFailure(
      `${option}: ${place} cannot be written to (${cause.code ?? cause.message}). Choose another place.`,
    );
  });
}
