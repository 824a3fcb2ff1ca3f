/**
 * `npm run bench -- WORKLOAD`: Millrace beside what else could do the work, on an Apache Kafka of its own.
 *
 * Every contender reads the same input, one after the other and again for each round, exactly-once with a commit every 100 ms, in
 * a process of its own on a core of its own. What it wrote is compared with what is right before its figures count.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { build } from '../../tools/build.mjs';
import { contenders } from './contenders/index.mjs';
import { startBroker } from './harness/broker.mjs';
import { USERS } from './workloads/events.mjs';
import { workloads } from './workloads/index.mjs';

function whole(least) {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`give a whole number of at least ${least}`);
  };
}

const collect = (value, all = []) => [...all, value];

function asked() {
  const command = new Command('bench')
    .argument('<workload>', Object.keys(workloads).join(', '))
    .addOption(
      new Option('--peer <name>', 'whom to compare with; may be given again (default: kafka-streams)')
        .choices(Object.keys(contenders))
        .argParser(collect),
    )
    .option('--records <n>', 'records of the input', whole(1), 2_000_000)
    .option('--warm-up <n>', 'records that are not measured (default: half of the records)', whole(0))
    .addOption(new Option('--bytes <n>', 'size of a value').choices(['200', '2000']).default('200'))
    .addOption(
      new Option('--handler <kind>', 'enrich: what the handler needs').choices(['field', 'whole']).default('field'),
    )
    .option('--rounds <n>', 'how often each contender runs', whole(1), 3)
    .option('--alone', 'without any peer')
    .option('--json <file>', 'write all figures there')
    .showHelpAfterError();
  command.parse();
  const [name] = command.args;
  const workload = workloads[name];
  if (workload === undefined)
    command.error(`there is no workload '${name}': use one of ${Object.keys(workloads).join(', ')}`);
  const options = command.opts();
  const peers = options.alone ? [] : (options.peer ?? ['kafka-streams']);
  for (const peer of peers) {
    const { workloads: can, why = 'it cannot do this work' } = contenders[peer];
    if (!can.includes(name)) command.error(`${peer} does not take part in '${name}': ${why}`);
  }
  const { records } = options;
  const warmUp = options.warmUp ?? Math.floor(records / 2);
  if (warmUp >= records) command.error('--warm-up must be less than --records');
  return { ...options, workload, names: ['millrace', ...peers], bytes: Number(options.bytes), warmUp };
}

const options = asked();
await build();
const { BenchCluster } = await import('./harness/cluster.mjs');
const { drain } = await import('./harness/drain.mjs');
const { printRatios, printRound } = await import('./harness/report.mjs');

const { workload, names, records, bytes, rounds, handler, warmUp } = options;
const folder = await mkdtemp(path.join(tmpdir(), 'millrace-bench-'));
const broker = await startBroker();
const cluster = new BenchCluster(broker.bootstrap);
let wrong = 0;
try {
  await cluster.start();
  console.log(
    `${workload.name}: ${records} records of ${bytes} bytes, the first ${warmUp} to warm up, handler: ${handler}`,
  );
  const { expected, committedTopics } = await workload.prepare(cluster, { records, bytes });
  const given = new Set(await cluster.listTopics());
  console.log(`expected: ${expected}`);
  const results = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const name of names) {
      const contender = contenders[name];
      const applicationId = `${name}-${round}`;
      const output = `results-${applicationId}`;
      await cluster.createTopic(output, workload.partitions);
      const work = {
        workload: workload.name,
        bootstrap: broker.bootstrap,
        applicationId,
        output,
        committedTopics,
        handler,
        commitIntervalMs: 100,
        users: USERS,
        inMemory: contender.inMemory === true,
        stateFolder: path.join(folder, applicationId),
      };
      const figures = await drain(cluster, contender.program(), work, { totalRecords: records, warmUpRecords: warmUp });
      const answer = await workload.answer(cluster, output);
      if (answer !== expected) {
        wrong++;
        console.log(`  WRONG: ${name} wrote ${answer}`);
      }
      results[name].push({ ...figures, isRight: answer === expected });
      printRound(round, name, figures, contender.weaker);
      await cluster.deleteTopics((await cluster.listTopics()).filter((topic) => !given.has(topic)));
    }
  }
  const ratios = printRatios(results);
  if (options.json !== undefined) {
    const {
      workload: { name },
    } = options;
    await writeFile(
      options.json,
      `${JSON.stringify({ workload: name, records, bytes, handler, warmUp, results, ratios }, null, 2)}\n`,
    );
  }
} finally {
  await cluster.stop();
  await broker.stop();
  await rm(folder, { recursive: true, force: true });
}
if (wrong > 0) console.log(`${wrong} answer(s) were wrong`);
process.exit(wrong === 0 ? 0 : 1);
