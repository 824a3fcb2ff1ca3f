/**
 * `npm run bench -- WORKLOAD`: Millrace beside what else could do the work, on an Apache Kafka of its own.
 *
 * Every contender gets the same input, one after the other and again for each round, exactly-once with a commit every 100 ms unless
 * asked otherwise, in a process of its own on a core of its own. What it made is compared with what is right, and rounds in which it was
 * wrong are in no ratio.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { build } from '../../tools/build.mjs';
import { contenders } from './contenders/index.mjs';
import { PEERS, addPeer } from './contenders/peers.mjs';
import { shareCores, startBroker } from './harness/broker.mjs';
import { USERS } from './workloads/events.mjs';

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

function asked() {
  const command = new Command('bench')
    .argument('<workload>', Object.keys(workloads).join(', '))
    .addOption(
      new Option(
        '--peer <name>',
        `whom to compare with: ${PEERS.join(', ')}; may be given again (default: kafka-streams, soak: nobody)`,
      ).argParser(addPeer),
    )
    .option('--records <n>', 'records of the input (default: 2,000,000 or what the workload takes)', whole(1))
    .option('--warm-up <n>', 'records that are not measured (default: half of the records)', whole(0))
    .addOption(new Option('--bytes <n>', 'size of a value').choices(['200', '2000']).default('200'))
    .addOption(
      new Option('--handler <kind>', 'enrich: what the handler needs').choices(['field', 'whole']).default('field'),
    )
    .option('--commit-interval <ms>', 'time between commits (default: 100, latency: 5)', whole(1))
    .option('--rate <n>', 'latency, soak: events a second (default: 20,000)', whole(1))
    .option('--minutes <n>', 'soak: how long it takes (default: 10)', whole(1))
    .option('--rounds <n>', 'how often each contender runs (default: 3, soak: 1)', whole(1))
    .option('--alone', 'without any peer')
    .option('--json <file>', 'write all figures there')
    .showHelpAfterError();
  command.parse();
  const [name] = command.args;
  const workload = workloads[name];
  if (workload === undefined)
    command.error(`there is no workload '${name}': use one of ${Object.keys(workloads).join(', ')}`);
  const { commitInterval: commitIntervalMs, ...options } = command.opts();
  if (workload.defaults?.minutes === undefined) {
    if (options.minutes !== undefined) command.error(`'${name}' takes no --minutes: give --records`);
  } else if (options.records !== undefined || options.warmUp !== undefined) {
    command.error(`'${name}' takes neither --records nor --warm-up: give --minutes and --rate`);
  }
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

const options = asked();
const { workload, names, records, bytes, rounds, handler, warmUp, commitIntervalMs, rate, minutes } = options;
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
  console.log(
    `${workload.name}: ${records} records of ${bytes} bytes, the first ${warmUp} to warm up, handler: ${handler}, commits every ${commitIntervalMs} ms${rate > 0 ? `, ${rate} events/s` : ''}${minutes === undefined ? '' : `, ${minutes} min`}`,
  );
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
    const asked = { workload: workload.name, records, bytes, handler, warmUp, commitIntervalMs, rate, minutes };
    await writeFile(options.json, `${JSON.stringify({ ...asked, results, ratios }, null, 2)}\n`);
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
