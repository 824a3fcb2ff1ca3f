import { mkdir, readFile, writeFile } from 'node:fs/promises';

/** The environment variable that makes {@link matchesGolden} write. */
const UPDATE = 'UPDATE_GOLDEN';

/**
 * Checks that a text, such as that of `Topology.describe()`, is the one that was committed: whoever reviews a change sees every name
 * that moves.
 *
 * ```ts
 * await matchesGolden(new URL('golden/flight-enrichment.txt', import.meta.url), topology.describe());
 * ```
 *
 * With `UPDATE_GOLDEN=1` in the environment the file is written instead; look at what changes before it is committed.
 *
 * @param file The golden file, beside the spec.
 * @throws {Error} naming the file, the first line that differs and the remedy.
 */
export async function matchesGolden(file: URL, text: string): Promise<void> {
  if (process.env[UPDATE] === '1') {
    await mkdir(new URL('.', file), { recursive: true });
    await writeFile(file, text);
    return;
  }
  const golden = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`there is no golden file ${file.pathname}: make it with ${UPDATE}=1`, { cause });
  });
  if (golden === text) return;
  const [wanted, given] = [golden.split('\n'), text.split('\n')];
  const nth = given.findIndex((line, index) => line !== wanted[index]);
  const at = nth < 0 ? given.length : nth;
  const shown = (line: string | undefined): string => line ?? '(the end)';
  throw new Error(
    `${file.pathname} differs from line ${at + 1} on:\n- ${shown(wanted[at])}\n+ ${shown(given[at])}\n` +
      `where that is meant, take it over with ${UPDATE}=1`,
  );
}
