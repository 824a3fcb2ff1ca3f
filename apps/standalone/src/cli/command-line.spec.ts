import { describe, expect, it } from '@jest/globals';
import { parseCommandLine } from './command-line.js';
import { EXIT_CODES } from './exit-codes.js';
import type { StandaloneOptions } from './options.js';
import { RunFailure } from './run-failure.js';

const silent = { out: () => undefined };

function parse(...args: string[]): StandaloneOptions {
  const options = parseCommandLine(args, silent);
  if (options === 'help') throw new Error('help was not asked for');
  return options;
}

function failureOf(...args: string[]): RunFailure {
  try {
    parse(...args);
  } catch (failure) {
    if (failure instanceof RunFailure) return failure;
    throw failure;
  }
  throw new Error(`${args.join(' ')} was accepted`);
}

describe('the command line', () => {
  it('replays everything at full speed on three partitions unless told otherwise', () => {
    expect(parse()).toEqual({
      once: false,
      limit: undefined,
      dataDir: 'data',
      stateDir: undefined,
      jsonFile: undefined,
      exportDir: undefined,
      partitions: 3,
      shuffleSeed: undefined,
      httpPort: { port: 3000, mayFallBack: true },
      brokerPort: { port: 9092, mayFallBack: true },
      brokers: [],
      ratePerSecond: undefined,
    });
  });

  it('takes every option, with a space or an equals sign', () => {
    const options = parse(
      '--once',
      '--limit=5',
      '--data',
      'd',
      '--state=s',
      '--json=j',
      '--export',
      'e',
      '--partitions=6',
    );
    expect(options).toMatchObject({
      once: true,
      limit: 5,
      dataDir: 'd',
      stateDir: 's',
      jsonFile: 'j',
      exportDir: 'e',
      partitions: 6,
    });
  });

  it('keeps to a port that was asked for by number', () => {
    expect(parse('--port=3000').httpPort).toEqual({ port: 3000, mayFallBack: false });
    expect(parse('--broker-port=0').brokerPort).toEqual({ port: 0, mayFallBack: false });
  });

  it('takes several brokers', () => {
    expect(parse('--brokers=a:9092,b:9093').brokers).toEqual(['a:9092', 'b:9093']);
  });

  it.each([
    [['--limit=0'], /--limit.*at least 1/s],
    [['--limit=many'], /--limit.*whole number/s],
    [['--partitions=65'], /--partitions.*from 1 to 64/s],
    [['--partitions=0'], /--partitions.*from 1 to 64/s],
    [['--shuffle=-1'], /--shuffle.*whole number/s],
    [['--port=70000'], /--port.*from 0 to 65535/s],
    [['--rate=0'], /--rate.*above 0/s],
    [['--brokers=localhost'], /--brokers.*host:port/s],
    [['--brokers=a:1', '--broker-port=1'], /--broker-port.*--brokers.*leave one/s],
    [['--export=dir'], /--export needs --once/],
    [['--state='], /--state.*Give a path/s],
    [['--json'], /--json.*argument missing/s],
    [['--onse'], /unknown option '--onse'.*Did you mean --once/s],
    [['extra'], /too many arguments/],
  ])('refuses %j with exit code 2, the option and the remedy', (args, message) => {
    const failure = failureOf(...args);
    expect(failure.exitCode).toBe(EXIT_CODES.usage);
    expect(failure.message).toMatch(message);
  });

  it('prints every option and every exit code as help', () => {
    let text = '';
    expect(parseCommandLine(['--help'], { out: (part) => void (text += part) })).toBe('help');
    for (const code of Object.values(EXIT_CODES)) expect(text).toContain(`${code}  `);
    expect(text).toContain('--broker-port <n>');
  });
});
