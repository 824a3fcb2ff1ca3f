/** The commands of `npm run topology`; see `tools/topology.mjs`. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ConfigurationError } from '@millrace/kernel';
import { changeText, classOf, compareTopologies, readDescription, writeDescription } from '@millrace/streams';
import { Command, CommanderError } from 'commander';
import { descriptionsByApp, lockFile, locksOfRevision, locksOfTree } from './locks.mjs';
import { WrongUse } from './wrong-use.mjs';

/** What the process ends with. A check that fails ends as a migration does: something is to be done first. */
export const EXIT = { compatible: 0, 'needs-migration': 1, 'needs-reset': 2, wrongUse: 3 };
const EXIT_STALE = 1;

/**
 * Runs a command.
 *
 * @param argv what stands after the command's name.
 * @param surroundings `root` of the workspace; `describe` gives the descriptions of its topologies by app; `print` takes lines.
 * @returns the exit code.
 */
export async function runTopologyCommand(argv, { root, describe, print }) {
  let exitCode = EXIT.compatible;
  const set =
    (command) =>
    async (...args) => {
      exitCode = await command({ root, describe, print }, ...args);
    };
  const program = new Command('npm run topology --')
    .description('Lock files of permanent names and stores, and what has changed against them.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => print(text.trimEnd()), writeErr: (text) => print(text.trimEnd()) })
    .addHelpText(
      'after',
      '\nExit codes: 0 compatible or unchanged, 1 needs migration, 2 needs reset, 3 wrong use; check: 1 when a lock is missing or stale.',
    );
  program
    .command('write')
    .description('write the lock file of every topology')
    .option('--missing', 'only those that are not there yet')
    .action(set(write));
  program
    .command('diff')
    .description('tell what has changed: against the lock files, those of a revision, or between two files')
    .argument('[before]', 'a lock file')
    .argument('[after]', 'another one')
    .option('--since <revision>', 'compare with the lock files of this git revision')
    .action(set(diff));
  program.command('check').description('fail when a lock file is missing or stale').action(set(check));
  try {
    if (argv.length === 0)
      throw new WrongUse('say what to do: npm run topology -- write|diff|check (--help tells more)');
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.wrongUse;
    if (!(error instanceof WrongUse) && !(error instanceof ConfigurationError)) throw error;
    print(error.message);
    return EXIT.wrongUse;
  }
}

async function write({ root, describe, print }, { missing = false }) {
  const standing = await locksOfTree(root);
  const present = textsOf(await describe(root));
  for (const [file, text] of present) {
    if (missing ? standing.has(file) : standing.get(file) === text) continue;
    await writeFile(path.join(root, file), text);
    print(`wrote ${file}`);
  }
  for (const file of standing.keys()) {
    if (missing || present.has(file)) continue;
    await rm(path.join(root, file));
    print(`removed ${file}: there is no such topology any more`);
  }
  print(
    missing ? 'every topology has a lock file' : `${present.size} lock file(s) stand for the topologies as they are`,
  );
  return EXIT.compatible;
}

async function diff({ root, describe, print }, before, after, { since }) {
  if (before !== undefined) {
    if (since !== undefined) throw new WrongUse('give either two files or --since REVISION');
    if (after === undefined) throw new WrongUse('give two files, or none to compare with the lock files');
    return tell(print, new Map([['', [await descriptionIn(before)]]]), new Map([['', [await descriptionIn(after)]]]));
  }
  const locks = since === undefined ? await locksOfTree(root) : locksOfRevision(root, since);
  if (locks.size === 0)
    throw new WrongUse('there is no lock file to compare with: write them with npm run topology -- write');
  return tell(print, descriptionsByApp(locks), await describe(root));
}

async function descriptionIn(file) {
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new WrongUse(`${file} cannot be read: ${cause.code ?? cause.message}`);
  });
  return readDescription(text, file);
}

/** Prints what has changed in each app. */
function tell(print, before, after) {
  const all = [];
  for (const app of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const changes = compareTopologies(before.get(app) ?? [], after.get(app) ?? []);
    if (changes.length > 0 && app !== '') print(`${app}:`);
    for (const change of changes) print(`  ${changeText(change)}`);
    all.push(...changes);
  }
  print(all.length === 0 ? 'nothing has changed' : `${all.length} change(s): ${classOf(all)}`);
  return EXIT[classOf(all)];
}

async function check({ root, describe, print }) {
  const standing = await locksOfTree(root);
  const present = textsOf(await describe(root));
  const problems = [];
  for (const [file, text] of present) {
    if (!standing.has(file)) problems.push(`${file} is missing`);
    else if (standing.get(file) !== text)
      problems.push(`${file} is stale: npm run topology -- diff tells what has changed`);
  }
  for (const file of standing.keys()) if (!present.has(file)) problems.push(`${file} belongs to no topology`);
  for (const problem of problems) print(problem);
  if (problems.length > 0) print('write them with npm run topology -- write, and commit what it writes');
  else print(`${present.size} lock file(s) agree with the topologies`);
  return problems.length === 0 ? EXIT.compatible : EXIT_STALE;
}

function textsOf(apps) {
  return new Map(
    [...apps].flatMap(([app, descriptions]) =>
      descriptions.map((each) => [lockFile(app, each.topology), writeDescription(each)]),
    ),
  );
}
