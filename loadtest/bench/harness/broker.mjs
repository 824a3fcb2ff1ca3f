/** Apache Kafka for one run of the benchmarks, on a core of its own where the machine has two. */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { startApacheKafka } from '../../../tools/apache-kafka/start-apache-kafka.mjs';

const hasTaskset = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0;

/** The core of the contenders and the core of everything else; undefined where processes cannot be pinned, or {@link shareCores}. */
export let cores = hasTaskset ? { contender: 0, others: 1 } : undefined;

/** Lets every process have every core. To be called before any is started. */
export function shareCores() {
  cores = undefined;
}

/** Puts all threads of a process on a core, and those that it makes later. */
export function pin(pid, core) {
  if (cores === undefined) return;
  const { status, stderr } = spawnSync('taskset', ['-a', '-c', '-p', String(core), String(pid)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`process ${pid} could not be put on core ${core}: ${stderr}`);
}

/** @param properties more lines for server.properties, or others in place of those for a short run. */
export async function startBroker(properties = {}) {
  const broker = await startApacheKafka({
    heapMb: 1_024,
    properties: { 'log.segment.bytes': 1024 * 1024 * 1024, 'log.cleaner.enable': false, ...properties },
  });
  if (cores !== undefined) {
    pin(broker.pid, cores.others);
    pin(process.pid, cores.others);
  }
  return broker;
}
