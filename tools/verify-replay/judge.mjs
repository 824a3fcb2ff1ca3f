/** Says whether what a replay has exported is right. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { replayToTheEnd } from './replay-run.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** What does not depend on how the broker numbers its offsets. */
const TABLES = ['airport_hourly.csv', 'carrier_daily.csv', 'enriched.csv'];

/**
 * SQL on the CSV files judges every row of the exports of the whole year.
 *
 * @returns {Promise<{ passed: number, failed: number, output: string }>}
 */
export function judgeBySql(folder) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['tools/verify-exports/run.mjs', '--export', `${folder}/export`], {
      cwd: root,
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      const counted = /(\d+) passed, (\d+) failed\s*$/.exec(output);
      if (counted === null) reject(new Error(`the verification ended with ${code} and no count:\n${output}`));
      else resolve({ passed: Number(counted[1]), failed: Number(counted[2]), output });
    });
  });
}

/** Judges exports of the first events alone, by those of the embedded broker. */
export class EmbeddedJudge {
  #folder;

  /** @param {readonly string[]} extra the options that the replays have, without `--brokers` */
  static async create(extra) {
    const judge = new EmbeddedJudge();
    judge.#folder = await mkdtemp(path.join(tmpdir(), 'millrace-replay-'));
    await replayToTheEnd(judge.#folder, extra).catch(async (failure) => {
      await judge.remove();
      throw failure;
    });
    return judge;
  }

  /** Compares byte by byte; answers as {@link judgeBySql} does. */
  async judge(folder) {
    const verdict = { passed: 0, failed: 0, output: '' };
    for (const table of TABLES) {
      const [expected, exported] = await Promise.all(
        [this.#folder, folder].map((each) => readFile(`${each}/export/${table}`)),
      );
      if (expected.equals(exported)) verdict.passed++;
      else verdict.failed++;
      if (!expected.equals(exported)) verdict.output += `FAILED  ${table} differs from that of the embedded broker\n`;
    }
    return verdict;
  }

  async remove() {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
