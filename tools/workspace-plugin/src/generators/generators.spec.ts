import { beforeEach, describe, expect, it } from '@jest/globals';
import type { GeneratorCallback, Tree } from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

type Options = Readonly<Record<string, string>>;
type Generator = (tree: Tree, options: Options) => Promise<GeneratorCallback>;

const require = createRequire(import.meta.url);
const plugin = fileURLToPath(new URL('../../', import.meta.url));
const prettierOptions = readFileSync(path.join(plugin, '../../.prettierrc.json'), 'utf8');
const { generators } = require(`${plugin}/generators.json`) as {
  readonly generators: Readonly<Record<string, { readonly factory: string; readonly schema: string }>>;
};

let tree: Tree;

/** Runs a generator as `npm run new -- KIND` finds it: by the factory that `generators.json` names. */
async function generate(kind: string, options: Options): Promise<void> {
  const generator = require(path.join(plugin, generators[kind]?.factory ?? '')) as Generator;
  await generator(tree, options);
}

function written(): string[] {
  return tree
    .listChanges()
    .map((change) => change.path)
    .filter((file) => /^(apps|libs)\//.test(file))
    .sort();
}

function contents(file: string): string {
  return tree.read(file, 'utf-8') ?? '';
}

beforeEach(() => {
  tree = createTreeWithEmptyWorkspace({ formatter: 'none' });
  // Formats as the workspace itself does.
  tree.write('.prettierrc', prettierOptions);
});

describe('npm run new -- app', () => {
  it('writes an app with a module, checked settings, an entry point and a topology, each with its spec', async () => {
    await generate('app', { name: 'late-flights' });

    expect(written()).toEqual([
      'apps/late-flights/README.md',
      'apps/late-flights/package.json',
      'apps/late-flights/src/config/late-flights-config.spec.ts',
      'apps/late-flights/src/config/late-flights-config.ts',
      'apps/late-flights/src/index.ts',
      'apps/late-flights/src/late-flights.module.ts',
      'apps/late-flights/src/main.ts',
      'apps/late-flights/src/topologies/late-flights-counts.topology.spec.ts',
      'apps/late-flights/src/topologies/late-flights-counts.ts',
    ]);
    expect(JSON.parse(contents('apps/late-flights/package.json'))).toMatchObject({
      name: '@millrace/app-late-flights',
      nx: { tags: ['layer:app', 'scope:late-flights'] },
    });
    expect(contents('apps/late-flights/src/late-flights.module.ts')).toContain('topologies: [LateFlightsCounts]');
    expect(contents('apps/late-flights/src/main.ts')).toContain("name: 'late-flights'");
    expect(contents('apps/late-flights/src/config/late-flights-config.ts')).toContain('readLateFlightsConfig');
  });

  it('gives the topology to the application of the same name', async () => {
    await generate('app', { name: 'late-flights' });

    expect(contents('apps/late-flights/src/topologies/late-flights-counts.ts')).toContain(
      "@StreamTopology({ name: 'late-flights-counts', app: 'late-flights' })",
    );
    expect(contents('apps/late-flights/src/late-flights.module.ts')).toContain(
      "applicationId: 'late-flights' }, 'late-flights')",
    );
  });
});

describe('npm run new -- topology', () => {
  beforeEach(() => tree.write('apps/flights/package.json', '{}'));

  it('writes a topology and a spec that runs it into an app', async () => {
    await generate('topology', { name: 'by-hour', app: 'flights' });

    expect(written()).toEqual([
      'apps/flights/package.json',
      'apps/flights/src/topologies/by-hour.topology.spec.ts',
      'apps/flights/src/topologies/by-hour.ts',
    ]);
    const topology = contents('apps/flights/src/topologies/by-hour.ts');
    expect(topology).toContain("@StreamTopology({ name: 'by-hour', app: 'flights' })\nexport class ByHour");
    expect(topology).toContain("store: 'by-hour-per-hour'");
    expect(contents('apps/flights/src/topologies/by-hour.topology.spec.ts')).toContain("from './by-hour.js'");
  });

  it('says how to make the app when there is none', async () => {
    await expect(generate('topology', { name: 'by-hour', app: 'fligths' })).rejects.toThrow(
      "there is no app 'fligths': make it with `npm run new -- app --name=fligths`",
    );
  });

  it.each(['by-hour.ts', 'by-hour.topology.spec.ts'])('leaves a %s that is there as it is', async (file) => {
    tree.write(`apps/flights/src/topologies/${file}`, 'mine');
    const before = written();

    await expect(generate('topology', { name: 'by-hour', app: 'flights' })).rejects.toThrow(
      `apps/flights/src/topologies/${file} exists already: choose another --name for the topology`,
    );

    expect(written()).toEqual(before);
    expect(contents(`apps/flights/src/topologies/${file}`)).toBe('mine');
  });
});

describe('npm run new -- lib', () => {
  it('writes a package in its layer with a function and its spec', async () => {
    await generate('lib', { name: 'geo-codes', layer: 'engine' });

    expect(written()).toEqual([
      'libs/geo-codes/README.md',
      'libs/geo-codes/package.json',
      'libs/geo-codes/src/geo-codes.spec.ts',
      'libs/geo-codes/src/geo-codes.ts',
      'libs/geo-codes/src/index.ts',
    ]);
    expect(JSON.parse(contents('libs/geo-codes/package.json'))).toMatchObject({
      name: '@millrace/geo-codes',
      nx: { tags: ['layer:engine', 'scope:geo-codes'] },
    });
    expect(contents('libs/geo-codes/src/index.ts')).toBe("export { describeGeoCodes } from './geo-codes.js';\n");
  });

  it('takes a library for an adapter unless told otherwise', async () => {
    await generate('lib', { name: 'geo' });

    expect(contents('libs/geo/package.json')).toContain('layer:adapter');
  });
});

describe('every generator', () => {
  const kinds = ['app', 'lib', 'topology'] as const;
  const given = { app: 'flights' };

  beforeEach(() => tree.write('apps/flights/package.json', '{}'));

  it('is listed with a schema that asks for a name', () => {
    expect(Object.keys(generators).sort()).toEqual([...kinds]);
    for (const { schema } of Object.values(generators)) {
      expect((require(path.join(plugin, schema)) as { required: string[] }).required).toContain('name');
    }
  });

  it.each(
    kinds.flatMap((kind) =>
      ['Flights', 'late flights', '9lives', 'late_flights', '-late', 'late-', 'late--flights', '../late', ''].map(
        (name) => [kind, name] as const,
      ),
    ),
  )('%s refuses the name %j, says what a name is made of, and writes nothing', async (kind, name) => {
    const before = written();

    await expect(generate(kind, { ...given, name })).rejects.toThrow(
      `--name=${name} cannot be used: write words of lower-case letters and digits with hyphens between`,
    );

    expect(written()).toEqual(before);
  });

  it.each([
    ['app', 'apps/taken'],
    ['lib', 'libs/taken'],
  ])('%s leaves a folder that is there as it is', async (kind, folder) => {
    tree.write(`${folder}/README.md`, 'mine');
    const before = written();

    await expect(generate(kind, { name: 'taken' })).rejects.toThrow(
      `${folder} exists already: choose another --name for the ${kind}`,
    );

    expect(written()).toEqual(before);
    expect(contents(`${folder}/README.md`)).toBe('mine');
  });

  it.each(kinds)('%s leaves no placeholder behind', async (kind) => {
    await generate(kind, { ...given, name: 'made' });

    for (const file of written()) {
      expect(file).not.toMatch(/__|template/);
      expect(contents(file)).not.toMatch(/<%|%>/);
    }
  });
});
