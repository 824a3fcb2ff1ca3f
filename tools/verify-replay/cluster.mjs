/**
 * Replays on Apache Kafka: three brokers in containers, three copies of everything, of which two must be in sync.
 *
 * Each replay gets a cluster of its own, since the topics are where a replay stands.
 */
import { containerEngine, startKafka } from '../../libs/testing/dist/containers.js';
import { chosenImages } from '../integration/images.mjs';
import { killedLate } from './killed.mjs';
import { ReplayRun, replayToTheEnd } from './replay-run.mjs';

/** @throws {Error} that names the remedy, when no container engine answers. */
export async function prepareEngine() {
  await containerEngine();
  Object.assign(process.env, chosenImages(process.env));
}

/** Replays without a fault. */
export async function onCluster(folder, extra) {
  await using kafka = await startKafka({ brokers: 3 });
  await replayToTheEnd(folder, [...extra, brokersOption(kafka)]);
}

/** Kills the process late and starts it again, while the topics stay where they are. */
export async function killedOnCluster(folder, random, extra) {
  await using kafka = await startKafka({ brokers: 3 });
  await killedLate(folder, random, [...extra, brokersOption(kafka)]);
}

/**
 * Kills one broker after the other (SIGKILL). Each comes back once the other two have agreed that it is gone and the replay has gone on
 * without it; the next one is killed once every partition has all of its copies again.
 */
export async function eachBrokerKilled(folder, extra) {
  await using kafka = await startKafka({ brokers: 3 });
  const run = new ReplayRun(folder, [...extra, brokersOption(kafka)]);
  try {
    for (const [index, node] of kafka.nodes.entries()) {
      const what = `broker ${node.nodeId} was killed and came back`;
      await run.reaches(what, { percent: 10 + 25 * index });
      await kafka.inSync();
      await run.reaches(what, { published: run.published });
      const killedMs = performance.now();
      await node.kill();
      const atKill = run.published;
      await kafka.ready(2);
      await run.reaches(what, { published: run.published });
      const withoutIt = run.published - atKill;
      const awayMs = performance.now() - killedMs;
      await node.start();
      await kafka.ready();
      console.log(
        `   broker ${node.nodeId} was killed at ${atKill} events and away for ${Math.round(awayMs)} ms; ${withoutIt} were published meanwhile`,
      );
    }
    await run.done();
  } catch (failure) {
    await run.kill('it had failed').catch(() => undefined);
    throw failure;
  }
}

function brokersOption(kafka) {
  return `--brokers=${kafka.bootstrap.join(',')}`;
}
