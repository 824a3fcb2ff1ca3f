import { factsOf, type ApplicationFacts } from './application-facts.js';
import { ChangeList } from './change-list.js';
import { compareStores } from './compare-stores.js';
import { compareTopics } from './compare-topics.js';
import type { ChangeRule, TopologyChange } from './topology-change.js';
import type { TopologyDescription } from './topology-description.js';

/**
 * What has changed between two versions of an application, each given by all of its topologies; those changes first that ask
 * for most. Looks at names and facts only: that an operator calls another function, or chooses another key under the same name,
 * is not seen.
 */
export function compareTopologies(
  before: readonly TopologyDescription[],
  after: readonly TopologyDescription[],
): readonly TopologyChange[] {
  const was = factsOf(before);
  const is = factsOf(after);
  const list = new ChangeList();
  compareStores(was, is, list);
  compareTopics(was, is, list);
  compareNames(was, is, list);
  return list.changes;
}

/** What changes nothing that stands, and is worth a line. */
function compareNames(was: ApplicationFacts, is: ApplicationFacts, list: ChangeList): void {
  const both = new Set([...was.topologies].filter((name) => is.topologies.has(name)));
  for (const name of was.topologies) {
    if (!both.has(name))
      list.compatible('topology-removed', `topology ${name}`, 'is gone', 'its parts are told one by one');
  }
  for (const name of is.topologies) {
    if (!both.has(name))
      list.compatible('topology-added', `topology ${name}`, 'is new', 'its parts are told one by one');
  }
  const inBoth = (key: string): boolean => both.has(key.slice(0, key.lastIndexOf('/')));
  const pairs = <T>(one: ReadonlyMap<string, T>, other: ReadonlyMap<string, T>): Difference<T>[] =>
    [...new Set([...one.keys(), ...other.keys()])].filter(inBoth).flatMap((key): Difference<T>[] => {
      const [from, to] = [one.get(key), other.get(key)];
      const isSame = JSON.stringify(partOf(from)) === JSON.stringify(partOf(to));
      return isSame ? [] : [{ name: key.slice(key.lastIndexOf('/') + 1), from, to }];
    });
  for (const { name, from, to } of pairs(was.operators, is.operators)) {
    const rule: ChangeRule =
      from === undefined ? 'operator-added' : to === undefined ? 'operator-removed' : 'operator-changed';
    const details = [from?.it.detail, to?.it.detail];
    const how =
      details[0] === details[1] ? 'is connected in another way' : `is '${details[1] ?? ''}', was '${details[0] ?? ''}'`;
    const change = { 'operator-added': 'is new', 'operator-removed': 'is gone' }[rule as string] ?? how;
    list.compatible(rule, `operator ${name}`, change, 'it holds for records from now on');
  }
  for (const { name, from, to } of pairs(was.sinks, is.sinks)) {
    const change =
      from === undefined
        ? `writes '${to?.it.topic}'`
        : to === undefined
          ? `does not write '${from.it.topic}' any more`
          : `writes '${to.it.topic}' as ${to.it.key} and ${to.it.value}, did '${from.it.topic}' as ${from.it.key} and ${from.it.value}`;
    list.compatible('sink-changed', `sink ${name}`, change, 'readers of the topic must be ready for it');
  }
  for (const { name, from, to } of pairs(was.globalTables, is.globalTables)) {
    const change = from === undefined ? 'is new' : to === undefined ? 'is gone' : 'is read in another way';
    list.compatible('global-table-changed', `global table ${name}`, change, 'it is read anew at each start');
  }
  for (const name of both) {
    const [from, to] = [was.idleAdvances.get(name), is.idleAdvances.get(name)];
    if (from === to) continue;
    const change = to === null ? 'does not advance when idle any more' : `advances when idle, by '${to}'`;
    list.compatible('idle-advance-changed', `topology ${name}`, change, 'it holds from now on');
  }
}

interface Difference<T> {
  readonly name: string;
  readonly from: T | undefined;
  readonly to: T | undefined;
}

/** A part without where it stands. */
function partOf(placed: unknown): unknown {
  return typeof placed === 'object' && placed !== null && 'it' in placed ? placed.it : placed;
}
