import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Duration } from '@millrace/kernel';
import {
  TopologyBuilder,
  describeTopology,
  json,
  topic,
  tumbling,
  utf8,
  type TopologyDescription,
} from '@millrace/streams';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTopologyCommand } from './cli.mjs';

const LOCK = 'apps/shop/src/topologies/orders.lock.json';
const orders = topic('orders', utf8, json<string>());

interface Version {
  readonly store?: string;
  readonly filter?: boolean;
  readonly size?: Duration;
}

/** Versions of one topology. */
function version({ store = 'counts', filter = false, size = '1h' }: Version = {}): TopologyDescription {
  const t = new TopologyBuilder('orders');
  const read = t.stream('orders', orders);
  const stream = filter ? read.filter('some', () => true) : read;
  stream
    .groupByKey()
    .windowedBy(tumbling({ size, grace: 0 }))
    .count('count', { store });
  return describeTopology(t.build());
}

let root: string;
let present: TopologyDescription[];
let printed: string[];

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'millrace-topology-'));
  await mkdir(path.join(root, path.dirname(LOCK)), { recursive: true });
  present = [version()];
  printed = [];
});

afterEach(() => rm(root, { recursive: true }));

function run(...argv: string[]): Promise<number> {
  const describeApps = () => Promise.resolve(new Map([['shop', present]]));
  printed = [];
  return runTopologyCommand(argv, { root, describe: describeApps, print: (line: string) => printed.push(line) });
}

const output = (): string => printed.join('\n');

describe('npm run topology -- check', () => {
  it('passes while every lock file is what its topology is', async () => {
    await run('write');

    expect(await run('check')).toBe(0);
  });

  it('fails with 1 where a lock file is missing, and says how to write it', async () => {
    expect(await run('check')).toBe(1);
    expect(output()).toMatch(/orders\.lock\.json is missing\nwrite them with npm run topology -- write/);
  });

  it('fails with 1 where a lock file is stale, also when the change is compatible', async () => {
    await run('write');
    present = [version({ filter: true })];

    expect(await run('check')).toBe(1);
    expect(output()).toContain('is stale');
  });

  it('fails with 1 where the topology of a lock file is gone', async () => {
    await run('write');
    present = [];

    expect(await run('check')).toBe(1);
    expect(output()).toContain(`${LOCK} belongs to no topology`);
  });
});

describe('npm run topology -- write', () => {
  it('writes what is missing or stale, and removes what belongs to no topology', async () => {
    await writeFile(path.join(root, path.dirname(LOCK), 'gone.lock.json'), '{}');

    expect(await run('write')).toBe(0);

    expect(await readdir(path.join(root, path.dirname(LOCK)))).toEqual(['orders.lock.json']);
    expect(JSON.parse(await readFile(path.join(root, LOCK), 'utf8'))).toEqual(present[0]);
    await run('write');
    expect(printed).toHaveLength(1);
  });

  it('leaves stale ones alone where only the missing ones are asked for', async () => {
    await run('write');
    present = [version({ filter: true })];

    await run('write', '--missing');

    expect(await run('check')).toBe(1);
  });
});

describe('npm run topology -- diff', () => {
  beforeEach(() => run('write'));

  it.each([
    ['0 where nothing has changed', version(), 0, /nothing has changed/],
    ['0 for a compatible change', version({ filter: true }), 0, /shop:\n.* {2}compatible: operator some: is new/s],
    ['1 for a change that needs a migration', version({ store: 'other' }), 1, /needs-migration: store counts: is gone/],
    ['2 for a change that needs a reset', version({ size: '2h' }), 2, /needs-reset: store counts: its windows/],
  ])('ends with %s', async (_what, next, exitCode, text) => {
    present = [next];

    expect(await run('diff')).toBe(exitCode);
    expect(output()).toMatch(text);
  });

  it('compares two files', async () => {
    const before = path.join(root, LOCK);
    const after = path.join(root, 'after.json');
    await writeFile(after, JSON.stringify(version({ size: '2h' })));

    expect(await run('diff', before, after)).toBe(2);
    expect(await run('diff', before, before)).toBe(0);
  });

  it('compares with the lock files of a git revision, which the working tree may have written anew', async () => {
    const git = (...args: string[]) => execFileSync('git', args, { cwd: root, stdio: 'ignore' });
    git('init');
    git('add', '.');
    git('-c', 'user.name=spec', '-c', 'user.email=spec@example.com', 'commit', '-m', 'a version');
    present = [version({ store: 'other' })];
    await run('write');

    expect(await run('diff')).toBe(0);
    expect(await run('diff', '--since', 'HEAD')).toBe(1);
    expect(await run('diff', '--since', 'nowhere')).toBe(3);
    expect(output()).toBe("git knows no revision 'nowhere' here");
    expect(await run('diff', '--since=--upload-pack=x')).toBe(3);
  });

  it.each([
    ['nothing is asked', []],
    ['the command is unknown', ['compare']],
    ['an option is unknown', ['diff', '--sinc', 'HEAD']],
    ['one file is given', ['diff', 'a.json']],
    ['a file is not there', ['diff', 'a.json', 'b.json']],
    ['files and a revision are given', ['diff', 'a.json', 'b.json', '--since', 'HEAD']],
    ['there are too many files', ['diff', 'a.json', 'b.json', 'c.json']],
    ['there is no git repository', ['diff', '--since', 'HEAD']],
  ])('ends with 3 where %s, and says why', async (_what, argv) => {
    expect(await run(...argv)).toBe(3);
    expect(output()).not.toBe('');
  });

  it('ends with 3 where a file is no description', async () => {
    await writeFile(path.join(root, LOCK), '{}');

    expect(await run('diff')).toBe(3);
    expect(output()).toContain("its format is not 'millrace-topology'");
  });

  it('has nothing to compare with where no lock file was ever written', async () => {
    await rm(path.join(root, LOCK));

    expect(await run('diff')).toBe(3);
  });

  it('ends with 0 after its help', async () => {
    expect(await run('--help')).toBe(0);
    expect(output()).toContain('Exit codes: 0 compatible');
  });
});

describe('the lock files of this workspace', () => {
  it('agree with the topologies of the apps', () => {
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    const { status, stdout } = spawnSync(process.execPath, ['tools/topology.mjs', 'check'], { cwd, encoding: 'utf8' });

    expect(stdout).toMatch(/lock file\(s\) agree with the topologies/);
    expect(status).toBe(0);
  });
});
