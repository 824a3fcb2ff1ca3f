/** Fetches the jars of Kafka Streams by Maven and compiles the contender, once for each state of its sources. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = path.dirname(fileURLToPath(import.meta.url));
const SOURCES = ['pom.xml', 'Peer.java'].map((name) => path.join(folder, name));

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error?.code === 'ENOENT')
    throw new Error(
      `there is no ${command} on the PATH: Kafka Streams is installed by Maven and a JDK of version 17 or newer`,
    );
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? `${stdout}${stderr}`}`);
}

/**
 * @returns the class path.
 * @throws what is missing, where there is no Maven or no compiler of Java 17 or newer, and what they say when they fail.
 */
export function installKafkaStreams() {
  const hash = createHash('sha256');
  for (const source of SOURCES) hash.update(readFileSync(source));
  const home = path.join(folder, '../../../../.millrace/kafka-streams', hash.digest('hex').slice(0, 12));
  if (!existsSync(home)) {
    const arriving = `${home}.arriving-${process.pid}`;
    try {
      const [pom, source] = SOURCES;
      const copy = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${arriving}/jars`];
      run('mvn', ['-B', '-q', '-f', pom, ...copy]);
      run('javac', ['-cp', `${arriving}/jars/*`, '-d', arriving, source]);
      renameSync(arriving, home);
    } finally {
      rmSync(arriving, { recursive: true, force: true });
    }
  }
  return `${home}${path.delimiter}${path.join(home, 'jars/*')}`;
}
