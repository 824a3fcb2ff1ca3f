import { tasksOf, type ApplicationFacts, type Placed } from './application-facts.js';
import type { ChangeList } from './change-list.js';
import { retryTopic } from './compare-stores.js';
import type { RetryDescription, SourceDescription } from './topology-description.js';

/** Compares the topics that two versions of an application read, repartition and retry topics included. */
export function compareTopics(before: ApplicationFacts, after: ApplicationFacts, list: ChangeList): void {
  for (const [topic, source] of before.sources) {
    const next = after.sources.get(topic);
    if (next === undefined) sourceRemoved(topic, source.it, list);
    else compareSource(source, next, list);
  }
  for (const [topic, source] of after.sources) {
    if (!before.sources.has(topic)) sourceAdded(topic, source, before, list);
  }
  compareRetries(before, after, list);
  compareCoPartitioning(before, after, list);
}

function sourceRemoved(topic: string, { kind }: SourceDescription, list: ChangeList): void {
  const place = `topic ${topic}`;
  if (kind !== 'repartition') {
    const why =
      'its records are left unread; committed offsets stay until they expire, and count when it is read again before';
    list.compatible('source-removed', place, 'is not read any more', why);
    return;
  }
  list.needsMigration(
    ['repartition-removed', place, 'is gone, or has another name', 'records in it that were not read yet are lost'],
    'Stop what feeds it, wait until it is drained, then deploy; or keep its name; or accept the loss',
    { topics: [topic], are: 'drained' },
  );
}

function sourceAdded(
  topic: string,
  source: Placed<SourceDescription>,
  before: ApplicationFacts,
  list: ChangeList,
): void {
  const place = `topic ${topic}`;
  if (source.it.kind === 'repartition') {
    list.compatible('repartition-added', place, 'is new', 'it is created at boot');
    return;
  }
  const isKnown = (other: string): boolean => other !== topic && before.sources.has(other);
  const hasOldState = source.sub.stores.some(({ name, inputs }) => {
    return before.stores.has(name) && inputs.includes(topic) && inputs.some(isKnown);
  });
  const isMatched = source.sub.coPartitioned.some((group) => group.includes(topic) && group.some(isKnown));
  if (!hasOldState || isMatched) {
    const why = 'it is read from its beginning, or from where this application left off when it read it before';
    list.compatible('source-added', place, 'is read', why);
    return;
  }
  list.needsMigration(
    [
      'source-added-to-state',
      place,
      'is read into stores that stand',
      'nothing says that it is partitioned as their other inputs are, and stores have as many partitions as the largest input',
    ],
    'Make sure that equal keys are in equal partitions and that it has no more partitions than the others, and accept the change; or repartition it',
  );
}

function compareSource(before: Placed<SourceDescription>, after: Placed<SourceDescription>, list: ChangeList): void {
  const { it: was } = before;
  const { it: is } = after;
  const place = `topic ${was.topic}`;
  if (was.kind !== is.kind) {
    const why = 'committed offsets hold; a table is filled from what was read before';
    list.compatible('source-kind-changed', place, `is read as a ${is.kind}, was as a ${was.kind}`, why);
  }
  if (was.key !== is.key || was.value !== is.value) {
    const isRepartition = was.kind === 'repartition';
    list.needsMigration(
      [
        isRepartition ? 'repartition-serde-changed' : 'source-serde-changed',
        place,
        `is read as ${is.key} and ${is.value}, was as ${was.key} and ${was.value}`,
        'records that were not read yet were written the former way',
      ],
      'Stop what feeds it, wait until it is drained, then deploy; or give it another name; or accept that those become dead letters',
      { topics: [was.topic], are: 'drained' },
    );
  }
  if (tasksOf(before) !== tasksOf(after)) {
    list.compatible(
      'tasks-renumbered',
      place,
      `is read by the tasks ${tasksOf(after)}, was by ${tasksOf(before)}`,
      'offsets belong to the topic and hold; stores in the place of the former task are restored from their changelogs, and metrics have new names',
    );
  }
}

function compareRetries(before: ApplicationFacts, after: ApplicationFacts, list: ChangeList): void {
  const retriesOf = ({ sources }: ApplicationFacts): ReadonlyMap<string, RetryDescription> =>
    new Map([...sources.values()].flatMap(({ it }) => (it.retry === null ? [] : [[it.name, it.retry]])));
  const was = retriesOf(before);
  const is = retriesOf(after);
  for (const source of new Set([...was.keys(), ...is.keys()])) {
    const oldDelays = was.get(source)?.delaysMs ?? [];
    const newDelays = is.get(source)?.delaysMs ?? [];
    for (let nth = 1; nth <= Math.max(oldDelays.length, newDelays.length); nth++) {
      const topic = retryTopic(source, nth);
      const place = `topic ${topic}`;
      const [from, to] = [oldDelays[nth - 1], newDelays[nth - 1]];
      if (from === undefined) {
        list.compatible('retry-topic-added', place, 'is new', 'it is created at boot');
      } else if (to === undefined) {
        list.needsMigration(
          ['retry-topic-removed', place, 'is gone, or has another name', 'records that wait in it are not tried again'],
          'Wait until it is drained, then deploy; or accept the loss',
          { topics: [topic], are: 'drained' },
        );
      } else if (from !== to) {
        const why = 'records that wait already keep their time';
        list.compatible('retry-delay-changed', place, `waits ${to} ms, did ${from} ms`, why);
      }
    }
  }
}

function compareCoPartitioning(before: ApplicationFacts, after: ApplicationFacts, list: ChangeList): void {
  const groupsOf = ({ sources }: ApplicationFacts): Set<string> =>
    new Set(
      [...sources.values()].flatMap(({ sub }) =>
        sub.coPartitioned.filter((group) => group.length > 1).map((group) => group.toSorted().join(', ')),
      ),
    );
  const was = groupsOf(before);
  for (const group of groupsOf(after)) {
    if (was.has(group)) continue;
    const why = 'boot refuses when they do not';
    list.compatible('co-partitioning-changed', `topics ${group}`, 'must have equal numbers of partitions', why);
  }
}
