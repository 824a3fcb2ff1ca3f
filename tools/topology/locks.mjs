/**
 * Lock files: the description of each topology as it was when the file was written, beside the classes, in
 * `src/topologies/<topology>.lock.json` of its app.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { readDescription } from '@millrace/streams';
import { WrongUse } from './wrong-use.mjs';

/** The folder of an app's topologies, below `src`. */
export const TOPOLOGIES = 'topologies';
const SUFFIX = '.lock.json';

/** Where the lock file of a topology stands, from the root. */
export function lockFile(app, topology) {
  return path.posix.join('apps', app, 'src', TOPOLOGIES, `${topology}${SUFFIX}`);
}

/** The lock files of the working tree with their texts, by path. */
export async function locksOfTree(root) {
  const locks = new Map();
  for (const app of (await readdir(path.join(root, 'apps'))).sort()) {
    const folder = path.posix.join('apps', app, 'src', TOPOLOGIES);
    if (!existsSync(path.join(root, folder))) continue;
    for (const file of (await readdir(path.join(root, folder))).sort()) {
      if (!file.endsWith(SUFFIX)) continue;
      const lock = path.posix.join(folder, file);
      locks.set(lock, await readFile(path.join(root, lock), 'utf8'));
    }
  }
  return locks;
}

/** The lock files of a revision with their texts, by path. */
export function locksOfRevision(root, revision) {
  const git = (...args) => {
    try {
      return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    } catch (cause) {
      // What does not resolve fails without a word.
      const why = String(cause.stderr ?? cause.message).trim();
      throw new WrongUse(`git knows no revision '${revision}' here${why === '' ? '' : `: ${why}`}`);
    }
  };
  // Resolved first, so that what begins with a hyphen is no option of git.
  const commit = git('rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`).trim();
  const files = git('ls-tree', '-r', '--name-only', '-z', commit, '--', 'apps').split('\0');
  const isLock = (file) => new RegExp(`^apps/[^/]+/src/${TOPOLOGIES}/[^/]+\\.lock\\.json$`).test(file);
  return new Map(files.filter(isLock).map((file) => [file, git('show', `${commit}:${file}`)]));
}

/** The descriptions that lock files hold, by app. */
export function descriptionsByApp(locks) {
  const apps = new Map();
  for (const [file, text] of locks) {
    const app = file.split('/')[1];
    apps.set(app, [...(apps.get(app) ?? []), readDescription(text, file)]);
  }
  return apps;
}
