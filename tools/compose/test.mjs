/**
 * `npm run test:compose`: builds the apps' images, brings up docker/compose.yml, runs `*.compose-spec.ts` against it, and takes it
 * down again.
 *
 * `--no-build` takes the images as they are, `--keep` leaves everything up; other arguments go to Jest. The last line is
 * `N passed, N failed`, with `, N skipped` where something was, which is named above it; that everything is healthy, and that nothing is left,
 * count as one each.
 *
 * Exit codes: 0 all passed, 1 something failed, 2 no container engine answers or there is no compose.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from '../build.mjs';
import { localVariables } from '../integration/images.mjs';
import { closingLines } from '../rings/outcome.mjs';
import { runJest } from '../rings/run-jest.mjs';
import { ComposeProject, composeCommand } from './compose.mjs';

const EXIT_FAILED = 1;
const EXIT_NO_ENGINE = 2;
const PROJECT = 'millrace-compose-test';
const root = fileURLToPath(new URL('../..', import.meta.url));
const arguments_ = process.argv.slice(2);
const has = (option) => arguments_.includes(option);
const total = { passed: 0, failed: 0, skipped: [] };

function end(code) {
  for (const line of closingLines(total)) console.log(line);
  process.exit(code);
}

function missing(words) {
  console.log(words);
  total.failed++;
  end(EXIT_NO_ENGINE);
}

/** Runs one step that counts as one test. */
async function step(what, work) {
  try {
    await work();
    total.passed++;
    console.log(`ok      ${what}`);
    return true;
  } catch (failure) {
    total.failed++;
    console.log(`FAILED  ${what}: ${failure.message}`);
    return false;
  }
}

function buildImages() {
  for (const names of [['--missing'], ['apps']]) {
    const { status } = spawnSync('docker/scripts/build-images.sh', names, { cwd: root, stdio: 'inherit' });
    if (status !== 0) throw new Error(`build-images.sh ${names.join(' ')} ended with ${status}`);
  }
}

async function runSpecs(environment) {
  const args = arguments_.filter((each) => !['--no-build', '--keep'].includes(each));
  const { passed, failed, skipped } = await runJest({ config: 'tools/compose/jest.config.js', args, environment });
  total.passed += passed;
  total.failed += failed;
  total.skipped.push(...skipped);
}

await build();
const { containerEngine } = await import('../../libs/testing/dist/containers.js');
await containerEngine().catch((error) => missing(error.message));
const command = composeCommand();
if (command === undefined) missing('there is no compose: install docker compose, or docker-compose of Debian');

const isBuilt = has('--no-build') || (await step('the images are built', async () => buildImages()));
// Objects are finished soon, so that the specs need not wait for full ones.
const variables = { ...localVariables(), MILLRACE_ARCHIVE_MAX_AGE_MS: '2000' };
const project = new ComposeProject(PROJECT, command, variables);
if (isBuilt) {
  // What an earlier run left would be taken over with its data.
  await project.down();
  const isUp = await step('everything is up and healthy', () => project.up());
  if (isUp) {
    await runSpecs({
      MILLRACE_COMPOSE_PROJECT: PROJECT,
      AWS_ACCESS_KEY_ID: 'millrace',
      AWS_SECRET_ACCESS_KEY: 'millrace-secret',
    });
  }
  if (!has('--keep')) {
    await step('nothing is left of it', async () => {
      await project.down();
      const left = await project.leftovers();
      if (left.length > 0) throw new Error(left.join(', '));
    });
  }
}
end(total.failed === 0 ? 0 : EXIT_FAILED);
