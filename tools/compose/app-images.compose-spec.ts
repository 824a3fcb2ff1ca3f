import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { RunningPipeline } from './running-pipeline.js';

const run = promisify(execFile);
const APPS = ['ingest', 'enrichment', 'aggregation', 'archival'] as const;
/** ADR 0035 has 281 MB. */
const GREATEST_MEGABYTES = 300;

/** What the engine says about an image. */
interface ImageDetails {
  readonly Size: number;
  readonly RootFS: { readonly Layers: readonly string[] };
  readonly Config: { readonly User: string; readonly Healthcheck?: { readonly Test: readonly string[] } };
}

const imageOf = async (app: string): Promise<ImageDetails> => {
  const { stdout } = await run('docker', ['image', 'inspect', `millrace/${app}:local`]);
  return (JSON.parse(stdout) as ImageDetails[])[0]!;
};

describe.each(APPS)('the image of %s', (app) => {
  const pipeline = new RunningPipeline(process.env['MILLRACE_COMPOSE_PROJECT']!);
  let id: string;
  let image: ImageDetails;
  beforeAll(async () => {
    ({ id } = await pipeline.stateOf(app));
    image = await imageOf(app);
  });

  /** What a shell in the app's container prints, as the app's own user unless another is named. */
  async function inside(script: string, ...options: readonly string[]): Promise<string> {
    return (await run('docker', ['exec', ...options, id, '/bin/sh', '-c', script])).stdout.trim();
  }

  it('runs without root and without rights of root', async () => {
    expect(image.Config.User).toBe('node');

    const status = await inside('cat /proc/1/status');
    expect(/^Name:\s+(\S+)/m.exec(status)?.[1]).toMatch(/^(node|MainThread)$/);
    const [uids, gids] = ['Uid', 'Gid'].map((name) =>
      new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1]?.split('\t'),
    );
    expect(uids).toEqual(['1000', '1000', '1000', '1000']);
    expect(gids).toEqual(['1000', '1000', '1000', '1000']);
    expect(/^CapEff:\s+(\S+)/m.exec(status)?.[1]).toMatch(/^0+$/);
  });

  it('may write where files are kept, and nowhere in its own code', async () => {
    const written =
      'for each in /var/lib/millrace /tmp; do echo kept >$each/spec && cat $each/spec && rm $each/spec; done';
    expect(await inside(written)).toBe('kept\nkept');
    expect(await inside(`find /millrace -writable ! -type l`)).toBe('');
  });

  it('says whether it is healthy', async () => {
    expect(image.Config.Healthcheck?.Test).toEqual(['CMD', 'node', 'health.mjs']);
    expect((await pipeline.stateOf(app)).health).toBe('healthy');
  });

  it('has no package manager and no program that gains rights', async () => {
    expect(await inside('for each in npm npx corepack yarn; do command -v $each; done; true')).toBe('');
    expect(await inside('ls /usr/local/lib/node_modules 2>/dev/null; true')).toBe('');
    // Only root looks into every folder.
    expect(await inside('find / -xdev -type f -perm /6000', '--user', '0')).toBe('');
  });

  it(`takes less than ${GREATEST_MEGABYTES} MB`, () => {
    expect(image.Size / 1e6).toBeLessThan(GREATEST_MEGABYTES);
  });
});

describe('the images of the apps', () => {
  it('share every layer but the last, which is their own code', async () => {
    const layers = await Promise.all(APPS.map(async (app) => (await imageOf(app)).RootFS.Layers));

    expect(layers.map((each) => each.slice(0, -1))).toEqual(APPS.map(() => layers[0]!.slice(0, -1)));
    expect(new Set(layers.map((each) => each.at(-1))).size).toBe(APPS.length);
  });
});
