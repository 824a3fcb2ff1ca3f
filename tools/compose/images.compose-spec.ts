import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { OFFICIAL_IMAGES } from '@millrace/testing/containers';
import { composeCommand } from './compose.mjs';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** The file as compose reads it, with no variables but those of the file that is named. */
async function read(...options: readonly string[]): Promise<string> {
  const [program, ...before] = composeCommand()!;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MILLRACE_')));
  const { stdout } = await run(program!, [...before, '--file', 'docker/compose.yml', ...options, 'config'], {
    cwd: root,
    env,
  });
  return stdout;
}

describe('docker/compose.yml', () => {
  it('takes official images, and asks nothing of Kafka that the official image has not', async () => {
    const text = await read();

    for (const [service, image] of Object.entries(OFFICIAL_IMAGES)) {
      // Only the fixtures need it.
      if (service !== 'toxiproxy') expect(text).toContain(`image: ${image}`);
    }
    expect(text).not.toContain('javaagent');
  });

  it('takes local images and their exporter of metrics by a file of variables', async () => {
    const text = await read('--env-file', 'docker/local-images.env');

    expect(text).not.toContain('image: apache/kafka');
    expect(text.match(/KAFKA_OPTS: -javaagent:\S+=9404:\S+/g)).toHaveLength(3);
  });
});
