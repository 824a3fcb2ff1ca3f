import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { EXIT_CODES, EXIT_CODE_MEANINGS } from './exit-codes.js';
import { DEFAULTS, MAX_PARTITIONS, type StandaloneOptions } from './options.js';
import { usageFailure } from './run-failure.js';

/** Where {@link parseCommandLine} prints: help and version to `out`. */
export interface CommandLineOutput {
  readonly out: (text: string) => void;
}

/**
 * Reads the arguments behind the program's name.
 *
 * @returns the options, or `'help'` when help or the version was asked for and has been printed.
 * @throws {RunFailure} with the exit code for wrong usage; the message names the option and the remedy.
 */
export function parseCommandLine(args: readonly string[], output: CommandLineOutput): StandaloneOptions | 'help' {
  const command = standaloneCommand(output);
  try {
    command.parse([...args], { from: 'user' });
  } catch (cause) {
    if (!(cause instanceof CommanderError)) throw cause;
    if (cause.exitCode === 0) return 'help';
    throw usageFailure(`${cause.message.replace(/^error: /, '')}\nRun with --help for all options.`);
  }
  return checked(command);
}

interface ParsedOptions {
  once?: true;
  limit?: number;
  data: string;
  state?: string;
  json?: string;
  export?: string;
  partitions: number;
  shuffle?: number;
  port: number;
  brokerPort: number;
  brokers?: string[];
  rate?: number;
}

function checked(command: Command): StandaloneOptions {
  const parsed = command.opts<ParsedOptions>();
  const given = (name: string): boolean => command.getOptionValueSource(name) === 'cli';
  if (parsed.export !== undefined && parsed.once !== true) {
    throw usageFailure(
      '--export needs --once: only a run that ends can say what finally stands in the sinks. Add --once.',
    );
  }
  if (parsed.brokers !== undefined && given('brokerPort')) {
    throw usageFailure(
      '--broker-port is the port of the embedded broker, which --brokers replaces: leave one of them out.',
    );
  }
  return {
    once: parsed.once === true,
    limit: parsed.limit,
    dataDir: parsed.data,
    stateDir: parsed.state,
    jsonFile: parsed.json,
    exportDir: parsed.export,
    partitions: parsed.partitions,
    shuffleSeed: parsed.shuffle,
    httpPort: { port: parsed.port, mayFallBack: !given('port') },
    brokerPort: { port: parsed.brokerPort, mayFallBack: !given('brokerPort') },
    brokers: parsed.brokers ?? [],
    ratePerSecond: parsed.rate,
  };
}

function standaloneCommand(output: CommandLineOutput): Command {
  const count = wholeNumber(1, Number.MAX_SAFE_INTEGER);
  const port = wholeNumber(0, 65_535);
  return new Command('npm start --')
    .description(
      'Replays a year of New York departures and weather through ingest, enrichment, aggregation and archival,\n' +
        'with an embedded Kafka broker, PostgreSQL and object store, all in one process. Then stays up until Ctrl-C.',
    )
    .option('--once', 'exit when everything has been replayed and has reached the sinks')
    .addOption(new Option('--limit <n>', 'replay only the first n events in order of arrival').argParser(count))
    .addOption(
      new Option('--data <dir>', 'folder with flights, weather, planes, airlines and airports as .csv or .csv.gz')
        .default(DEFAULTS.dataDir)
        .argParser(place),
    )
    .addOption(
      new Option(
        '--state <dir>',
        'keep topics, tables and objects here; a run that was killed goes on from there',
      ).argParser(place),
    )
    .addOption(new Option('--json <file>', 'write the summary as JSON').argParser(place))
    .addOption(
      new Option(
        '--export <dir>',
        'write what stands in the sinks as CSV, with the manifest of the archive; needs --once',
      ).argParser(place),
    )
    .addOption(
      new Option('--partitions <n>', `partitions of each topic, 1 to ${MAX_PARTITIONS}`)
        .default(DEFAULTS.partitions)
        .argParser(wholeNumber(1, MAX_PARTITIONS)),
    )
    .addOption(
      new Option('--shuffle <seed>', 'deliver the events of each hour in a random order').argParser(
        wholeNumber(0, 4_294_967_295),
      ),
    )
    .addOption(
      new Option('--port <n>', 'port of the HTTP server, 0 for any').default(DEFAULTS.httpPort).argParser(port),
    )
    .addOption(
      new Option('--broker-port <n>', 'port of the embedded broker on 127.0.0.1, 0 for any')
        .default(DEFAULTS.brokerPort)
        .argParser(port),
    )
    .addOption(
      new Option('--brokers <list>', 'host:port,… of a Kafka cluster to use in place of the embedded broker').argParser(
        brokerList,
      ),
    )
    .addOption(new Option('--rate <n>', 'events a second at most').argParser(positiveNumber))
    .addHelpText('after', `\nExit codes:\n${exitCodeLines()}`)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: output.out, writeErr: () => undefined });
}

function exitCodeLines(): string {
  return Object.entries(EXIT_CODES)
    .map(([name, code]) => `  ${String(code).padStart(3)}  ${EXIT_CODE_MEANINGS[name as keyof typeof EXIT_CODES]}`)
    .join('\n');
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`Give a whole number ${range}.`);
  };
}

/** An empty path would be the current folder: hardly what somebody meant whose variable was not set. */
function place(text: string): string {
  if (text.trim() !== '') return text;
  throw new InvalidArgumentError('Give a path.');
}

function positiveNumber(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Give a number above 0, or leave it out to go as fast as the pipeline takes events.');
}

function brokerList(text: string): string[] {
  const brokers = text.split(',').map((each) => each.trim());
  const wrong = brokers.find((each) => !/^[^\s:]+:\d{1,5}$/.test(each) || Number(each.split(':')[1]) > 65_535);
  if (wrong === undefined) return brokers;
  throw new InvalidArgumentError(`'${wrong}' is not host:port. Give host:port, several with commas between.`);
}
