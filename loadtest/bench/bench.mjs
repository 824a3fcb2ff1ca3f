/**
 * `npm run bench -- WORKLOAD`: Millrace beside what else could do the work, on an Apache Kafka of its own.
 *
 * Every contender gets the same input, one after the other and again for each round, exactly-once with a commit every 100 ms unless
 * asked otherwise, in a process of its own on a core of its own. What it made is compared with what is right, and rounds in which it was
 * wrong are in no ratio.
 */
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { missingTools } from '../../tools/apache-kafka/install.mjs';
import { build } from '../../tools/build.mjs';
import { contenders } from './contenders/index.mjs';
import { PEERS, addPeer } from './contenders/peers.mjs';
import { shareCores, startBroker } from './harness/broker.mjs';
import { USERS } from './workloads/events.mjs';
import { OPTIONS_OF, titleOf, uselessOptions } from './workloads/options.mjs';

const { command, name } = asked();
await build();
const { BenchCluster } = await import('./harness/cluster.mjs');
const { TooLittleError } = await import('./harness/rates.mjs');
const { printRatios, printRound } = await import('./harness/report.mjs');
const { startServices, stopServices } = await import('./harness/services.mjs');
const { workloads } = await import('./workloads/index.mjs');

const DEFAULTS = { records: 2_000_000, commitIntervalMs: 100, rate: 0, rounds: 3 };

function whole(least) {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`give a whole number of at least ${least}`);
  };
}

/** A figure is not lost at the end of a long run because it cannot be written. */
function writable(file) {
  try {
    closeSync(openSync(file, 'a'));
    return file;
  } catch (cause) {
    throw new InvalidArgumentError(`it cannot be written (${cause.code}): name a file in a folder that is there`);
  }
}

/** What was asked for, before anything is built: the command, and the name of a workload that takes its options. */
function asked() {
  const known = Object.keys(OPTIONS_OF).join(', ');
  const command = new Command('bench')
    .argument('<workload>', known)
    .addOption(
      new Option(
        '--peer <name>',
        `whom to compare with: ${PEERS.join(', ')}; may be given again (default: kafka-streams, soak: nobody)`,
      ).argParser(addPeer),
    )
    .option('--records <n>', 'records of the input (default: 2,000,000 or what the workload takes)', whole(1))
    .option('--warm-up <n>', 'of them, how many are not measured (default: half)', whole(0))
    .addOption(new Option('--bytes <n>', 'size of a value').choices(['200', '2000']).default('200'))
    .addOption(
      new Option('--handler <kind>', 'enrich, latency: what the handler needs')
        .choices(['field', 'whole'])
        .default('field'),
    )
    .option('--commit-interval <ms>', 'time between commits (default: 100, latency: 5)', whole(1))
    .option('--rate <n>', 'latency, soak: events a second (default: 20,000)', whole(1))
    .option('--minutes <n>', 'soak: how long it takes (default: 10)', whole(1))
    .option('--rounds <n>', 'how often each contender runs (default: 3, soak: 1)', whole(1))
    .addOption(new Option('--alone', 'without any peer').conflicts('peer'))
    .option('--json <file>', 'write all figures there', writable)
    .showHelpAfterError();
  command.parse();
  const [name] = command.args;
  if (!Object.hasOwn(OPTIONS_OF, name)) command.error(`there is no workload '${name}': use one of ${known}`);
  const chosen = Object.keys(command.opts()).filter((option) => command.getOptionValueSource(option) === 'cli');
  const problem = uselessOptions(name, chosen);
  if (problem !== undefined) command.error(problem);
  const missing = missingTools();
  if (missing.length > 0)
    command.error(`Apache Kafka is started for it, which needs Java 17+ and Maven: ${missing.join(', ')}`);
  return { command, name };
}

/** All settings of the run, with the workload's own defaults. */
function settled() {
  const workload = workloads[name];
  const { commitInterval: commitIntervalMs, ...options } = command.opts();
  const settings = { ...DEFAULTS, ...workload.defaults, ...given({ ...options, commitIntervalMs }) };
  const { minutes, rate } = settings;
  const records = minutes === undefined ? settings.records : minutes * 60 * rate;
  const usual = workload.peers ?? (contenders['kafka-streams'].workloads.includes(name) ? ['kafka-streams'] : []);
  const peers = options.alone ? [] : (options.peer ?? usual);
  for (const peer of peers) {
    const { workloads: can, why } = contenders[peer];
    if (!can.includes(name)) command.error(`${peer} does not take part in '${name}': ${why(name)}`);
  }
  const warmUp = options.warmUp ?? Math.floor(records / (minutes === undefined ? 2 : 3));
  if (warmUp >= records) command.error('--warm-up must be less than --records');
  return { ...settings, records, workload, names: ['millrace', ...peers], bytes: Number(options.bytes), warmUp };
}

function given(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

const options = settled();
const { workload, names, records, bytes, rounds, handler, warmUp, commitIntervalMs, rate, minutes } = options;
// Installs what a peer needs: what is missing for that is told before anything is measured.
for (const each of names) contenders[each].program(workload.name);
const folder = await mkdtemp(path.join(tmpdir(), 'millrace-bench-'));
if (workload.sharesCores) shareCores();
const broker = await startBroker(workload.broker);
const cluster = new BenchCluster(broker.bootstrap);
let services = {};
let wrong = 0;
let failed = 0;
let isMeasured = true;
try {
  await cluster.start();
  services = await startServices(workload.services);
  const told = Object.fromEntries(Object.entries(services).map(([name, service]) => [name, service.told]));
  console.log(titleOf(workload.name, options));
  const prepared = await workload.prepare(cluster, { records, bytes, rate, minutes, services: told });
  const given = new Set(await cluster.listTopics());
  console.log(`expected: ${prepared.expected}`);
  const results = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 1 - (workload.rehearsals ?? 0); round <= rounds; round++) {
    for (const name of names) {
      const contender = contenders[name];
      const isRehearsal = round < 1;
      const title = isRehearsal ? 'rehearsal' : `round ${round}`;
      const applicationId = `${name}-${isRehearsal ? 'rehearsal' : round}`;
      const output = `results-${applicationId}`;
      await cluster.createTopic(output, workload.partitions);
      const work = {
        workload: workload.name,
        bootstrap: broker.bootstrap,
        applicationId,
        input: given.has('events') ? 'events' : `events-${applicationId}`,
        output,
        handler,
        commitIntervalMs,
        users: USERS,
        inMemory: contender.store === 'memory',
        storeEngine: contender.store,
        stateFolder: path.join(folder, applicationId),
        services: told,
        ...workload.work,
      };
      const program = contender.program(workload.name);
      const run = { cluster, services, program, work, prepared, warmUp, rate };
      const figures = await workload.measure(run);
      const answer = await workload.answer(run, figures);
      const isRight = answer === prepared.expected;
      if (!isRight) {
        wrong++;
        console.log(`  WRONG, and its figures do not count: ${name} made ${answer}`);
      }
      if (!isRehearsal) results[name].push({ ...figures, isRight });
      printRound(title, name, workload.columns, figures, contender.weaker?.(workload.name));
      for (const { isGood, text } of workload.verdicts?.(figures, options) ?? []) {
        if (!isGood) failed++;
        console.log(`  ${isGood ? 'good' : 'FAILED'}: ${name}: ${text}`);
      }
      await cluster.deleteTopics((await cluster.listTopics()).filter((topic) => !given.has(topic)));
    }
  }
  const ratios = printRatios(results, workload.ratios);
  if (options.json !== undefined) {
    const settings = { workload: workload.name, records, bytes, handler, warmUp, commitIntervalMs, rate, minutes };
    await writeFile(options.json, `${JSON.stringify({ ...settings, results, ratios }, null, 2)}\n`);
  }
} catch (cause) {
  if (!(cause instanceof TooLittleError)) throw cause;
  isMeasured = false;
  console.log(cause.message);
} finally {
  await stopServices(services);
  await cluster.stop();
  await broker.stop();
  await rm(folder, { recursive: true, force: true });
}
if (wrong > 0) console.log(`${wrong} answer(s) were wrong`);
process.exit(isMeasured && wrong + failed === 0 ? 0 : 1);
