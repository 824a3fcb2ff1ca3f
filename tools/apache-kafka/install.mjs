/** Where Apache Kafka's jars are kept, and how they get there: Java and Maven, once for each version. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = path.dirname(fileURLToPath(import.meta.url));

/** The version that `pom.xml` names. */
export const KAFKA_VERSION = '4.3.1';

/** Ignored by git; removing it only makes the next run install the jars again. */
export const JARS_FOLDER = path.join(folder, '../../.millrace/apache-kafka', KAFKA_VERSION);

/** What is missing on this machine, in words; empty when Apache Kafka can be installed and started. */
export function missingTools() {
  const missing = [];
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' });
  const version = /version "(\d+)/.exec(`${java.stdout ?? ''}${java.stderr ?? ''}`);
  if (java.error !== undefined || version === null) missing.push('no java on the PATH');
  else if (Number(version[1]) < 17) missing.push(`java is version ${version[1]}`);
  if (!isInstalled() && spawnSync('mvn', ['-v']).error !== undefined) missing.push('no mvn on the PATH');
  return missing;
}

/** Installs the jars unless they are there; throws with Maven's own words when that fails. */
export function installApacheKafka() {
  if (isInstalled()) return;
  const arriving = `${JARS_FOLDER}.arriving-${process.pid}`;
  const args = ['-B', '-q', '-f', path.join(folder, 'pom.xml'), 'dependency:copy-dependencies'];
  const { status, stdout, stderr } = spawnSync(
    'mvn',
    [...args, '-DincludeScope=runtime', `-DoutputDirectory=${arriving}`],
    { encoding: 'utf8' },
  );
  if (status !== 0) {
    rmSync(arriving, { recursive: true, force: true });
    throw new Error(`Maven could not install Apache Kafka ${KAFKA_VERSION}:\n${stdout}${stderr}`);
  }
  rmSync(JARS_FOLDER, { recursive: true, force: true });
  renameSync(arriving, JARS_FOLDER);
}

function isInstalled() {
  return existsSync(JARS_FOLDER) && readdirSync(JARS_FOLDER).some((name) => name.startsWith('kafka_2.13-'));
}
