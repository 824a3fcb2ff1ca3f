import 'reflect-metadata';
import { SystemClock } from '@millrace/kernel';
import { parseCommandLine } from './cli/command-line.js';
import { EXIT_CODES, type ExitCode } from './cli/exit-codes.js';
import { RunFailure } from './cli/run-failure.js';
import { Interruption } from './run/interruption.js';
import { StandaloneRun } from './run/standalone-run.js';
import type { Terminal } from './run/terminal.js';

const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  screen: process.stderr.isTTY ? process.stderr : undefined,
};

async function main(): Promise<ExitCode> {
  const options = parseCommandLine(process.argv.slice(2), { out: terminal.out });
  if (options === 'help') return EXIT_CODES.ok;
  const interruption = new Interruption({
    source: process,
    onFirst: () => terminal.err('\nLeaving in order: committing, then stopping. Ctrl-C again forces it.\n'),
    onSecond: () => process.exit(EXIT_CODES.interrupted),
  });
  return new StandaloneRun({ options, terminal, interruption, clock: new SystemClock() }).run();
}

main().then(
  (code) => process.exit(code),
  (failure: unknown) => {
    const known = failure instanceof RunFailure;
    terminal.err(`${known ? failure.message : String(failure instanceof Error ? failure.stack : failure)}\n`);
    process.exit(known ? failure.exitCode : EXIT_CODES.pipelineFailed);
  },
);
