import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@millrace/testing';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const PATIENCE = { timeoutMs: 10_000, intervalMs: 20 } as const;

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('the stages of a CI run', () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(path.join(tmpdir(), 'millrace-stages-'))));
  afterEach(() => rm(folder, { recursive: true }));

  /** Begins a run with these lines; each may write the pid of a process to a file `$PIDS/<name>`. */
  function begin(...lines: readonly string[]) {
    const run = spawn('/bin/bash', ['-c', ['set -uo pipefail', '. .ci/stages.sh', ...lines].join('\n')], {
      cwd: root,
      env: { ...process.env, PIDS: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    run.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = once(run, 'close').then(([code]) => ({ code: code as number, lines: said.trimEnd().split('\n') }));
    return { run, ended };
  }

  async function pidOf(name: string): Promise<number> {
    const file = path.join(folder, name);
    await eventually(`${name} is at work`, () => existsSync(file), PATIENCE);
    return Number(
      await eventually(
        `${name} has told its pid`,
        () => readFile(file, 'utf8').then((text) => text.trim() || false),
        PATIENCE,
      ),
    );
  }

  it('add their tests to one closing line; one that counts none counts as one', async () => {
    const { code, lines } = await begin(
      `step tests 9s bash -c 'echo 12 passed, 0 failed, 2 skipped'`,
      `step contract 9s bash -c 'echo contract: 3 passed, 0 failed'`,
      'step format 9s true',
      'closing_line',
    ).ended;

    expect(lines.at(-1)).toBe('16 passed, 0 failed, 2 skipped');
    expect(code).toBe(0);
  });

  it('fail by their names at the end, with the tests that failed', async () => {
    const { code, lines } = await begin(
      `step tests 9s bash -c 'echo "FAIL a.spec.ts"; echo noise; echo 5 passed, 1 failed; exit 1'`,
      `step lint 9s bash -c 'echo unused; exit 3'`,
      'closing_line',
    ).ended;

    expect(lines.slice(-5)).toEqual([
      'FAILED: tests (exit 1)',
      'FAIL a.spec.ts',
      'FAILED: lint (exit 3)',
      'unused',
      '5 passed, 2 failed',
    ]);
    expect(code).toBe(1);
  });

  it('fail by their names when they hang, with what they said last, and the next one runs', async () => {
    const { code, lines } = await begin(
      `step kafka 1s bash -c 'echo waiting for a broker; echo $$ >$PIDS/kafka; sleep 600'`,
      `step replay 9s bash -c 'echo 2 passed, 0 failed'`,
      'closing_line',
    ).ended;

    expect(lines.slice(-3)).toEqual([
      'FAILED: kafka (not over after 1 s); the end of what it said:',
      'waiting for a broker',
      '2 passed, 1 failed',
    ]);
    expect(code).toBe(1);
    const pid = await pidOf('kafka');
    await eventually(`process ${pid} is gone`, () => !isRunning(pid), PATIENCE);
  });

  it('end when they hang, even where they pass over the order to end', async () => {
    const { lines } = await begin(
      'GRACE_S=1',
      `step stubborn 1s bash -c 'trap "" TERM; sleep 600 & echo $! >$PIDS/child; echo $$ >$PIDS/stubborn; wait'`,
      'closing_line',
    ).ended;

    expect(lines.at(-1)).toBe('0 passed, 1 failed');
    for (const pid of [await pidOf('stubborn'), await pidOf('child')]) {
      await eventually(`process ${pid} is gone`, () => !isRunning(pid), PATIENCE);
    }
  });

  it('are over with their own process, though another one holds their output open', async () => {
    const { lines } = await begin(
      `step engine 60s bash -c 'setsid sleep 600 & echo $! >$PIDS/daemon; echo started'`,
      'closing_line',
    ).ended;

    const daemon = await pidOf('daemon');
    expect(isRunning(daemon)).toBe(true);
    process.kill(daemon);
    expect(lines).toEqual(expect.arrayContaining(['started', '1 passed, 0 failed']));
  });

  it('have a limit together: what would begin after it fails by its name', async () => {
    const { lines } = await begin(
      'TOTAL_S=$((SECONDS + 1))',
      'step tests 5m sleep 600',
      'step replay 5m true',
      'closing_line',
    ).ended;

    expect(lines).toEqual(expect.arrayContaining([expect.stringMatching(/^FAILED: tests \(not over after 1 s\)/)]));
    expect(lines).toEqual(expect.arrayContaining([expect.stringMatching(/^FAILED: replay \(not begun: /)]));
    expect(lines.at(-1)).toBe('0 passed, 2 failed');
  });

  it('end with the run when somebody ends it', async () => {
    const { run, ended } = begin(`step tests 5m bash -c 'echo $$ >$PIDS/tests; sleep 600'`, 'closing_line');
    const pid = await pidOf('tests');

    run.kill('SIGTERM');

    expect((await ended).code).toBe(130);
    await eventually('the stage has ended', () => !isRunning(pid), PATIENCE);
  });
});
