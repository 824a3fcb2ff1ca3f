import { ConfigurationError, isCount } from '@millrace/kernel';
import type { KafkaOptions } from './kafka-cluster.js';

const USERNAME = /^[\w.-]+$/;
/** `kafka-storage.sh --add-scram` ends a value at a comma. */
const PASSWORD = /^[^,\r\n]+$/;

/**
 * Looks at options before anything is started for them.
 *
 * @throws {ConfigurationError} (stop-app) naming everything that could not become a cluster, or would become another one than was meant.
 */
export function checkKafkaOptions(options: KafkaOptions): void {
  const { brokers = 1, racks, users = [], faults, network, logDiskMegabytes, heapMegabytes } = options;
  const problems: string[] = [];
  if (!isCount(brokers)) problems.push(`brokers: ${brokers} is not a whole number of at least 1`);
  if (racks !== undefined && racks.length !== brokers)
    problems.push(`racks: ${racks.length} are named for ${brokers} brokers, name one for each`);
  for (const [name, value] of Object.entries({ logDiskMegabytes, heapMegabytes }))
    if (value !== undefined && !isCount(value)) problems.push(`${name}: ${value} is not a whole number of at least 1`);
  for (const [nth, { username, password }] of users.entries()) {
    if (!USERNAME.test(username)) problems.push(`users[${nth}].username: takes letters, digits, '.', '_' and '-'`);
    if (!PASSWORD.test(password))
      problems.push(`users[${nth}].password: must not be empty, nor hold commas or line ends`);
  }
  if (new Set(users.map(({ username }) => username)).size < users.length) problems.push('users: a name is there twice');
  if (faults !== undefined && network === undefined)
    problems.push('faults: its proxies reach the nodes in one network, give both the same `network`');
  if (problems.length > 0) throw new ConfigurationError('the options of startKafka', problems);
}
