import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { EmbeddedCluster } from '../embedded-cluster.js';
import { ChaosRun } from './chaos-run.js';

/** Nobody listens there: the workers of this spec never get further. */
const NO_BROKER = '127.0.0.1:1';

let embedded: EmbeddedCluster;
let printed: string[];
beforeEach(async () => {
  embedded = await EmbeddedCluster.start();
  printed = [];
  jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => printed.push(String(chunk)) > 0);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await embedded.stop();
});

describe('a run whose reader has failed', () => {
  it('says so at once, ends its workers, removes their folders, and prints the failure', async () => {
    const run = await ChaosRun.begin('the output is no JSON', embedded.client, [NO_BROKER]);
    await run.load();
    const workers = [run.worker(), run.worker()];

    await embedded.produce(run.topics.enriched, [{ key: 'key-0', value: 'no JSON' }]);

    await expect(run.progress()).rejects.toThrow('is not valid JSON');
    await run[Symbol.asyncDispose]();

    expect(workers.map(({ hasEnded, stateDirectory }) => [hasEnded, existsSync(stateDirectory)])).toEqual([
      [true, false],
      [true, false],
    ]);
    expect(printed.join('')).toContain('is not valid JSON');
  });
});
